"""What became of an SMS, as its provider reports later: once or twice, and perhaps before we know its id."""

from chassis.client import PeerCalls
from chassis.contract import Empty
from chassis.sessions import Sessions
from notifications import contract, metrics, store_sms
from notifications.channels import africas_talking_words as words
from users.contract import OptOut


def receive(db: Sessions, peers: PeerCalls, report: contract.ReportDelivery) -> None:
    """Store what is final and give the delivery its status; it was stored when this returns.

    Users is told of an opt-out by number, which is not kept here; if that fails, the provider repeats the report.
    """
    outcome = words.meaning(report.status, report.reason)
    if outcome is not None:
        with db.write() as session:
            store_sms.take_report_turn(session, alone=False)
            is_news = store_sms.keep_report(session, report.provider_id, outcome)
            store_sms.settle(session, [report.provider_id])
        if is_news:
            metrics.DELIVERIES.labels("sms", outcome.status).inc()
    if report.phone is not None and words.is_opt_out(report.reason):
        peers.call("users.opt_out", OptOut(phone=report.phone), Empty)
