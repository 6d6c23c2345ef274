"""What became of an SMS, as its provider reports later: once or twice, and perhaps before we know its id."""

from chassis.contract import Empty
from chassis.db.unit_of_work import UnitOfWork
from chassis.rpc.client import RpcClient
from notifications import contract, metrics
from notifications.channels.sms import provider_statuses as words
from notifications.channels.sms import sms_store
from users.contract import OptOut


def receive(db: UnitOfWork, rpc_client: RpcClient, report: contract.ReportDelivery) -> None:
    """Store what is final and give the delivery its status; it was stored when this returns.

    Users is told of an opt-out by number, which is not kept here; if that fails, the provider repeats the report.
    """
    outcome = words.meaning(report.status, report.reason)
    if outcome is not None:
        with db.write() as session:
            sms_store.take_report_turn(session, alone=False)
            is_news = sms_store.keep_report(session, report.provider_id, outcome)
            sms_store.settle(session, [report.provider_id])
        if is_news:
            metrics.DELIVERIES.labels("sms", outcome.status).inc()
    if report.phone is not None and words.is_opt_out(report.reason):
        rpc_client.call("users.opt_out", OptOut(phone=report.phone), Empty)
