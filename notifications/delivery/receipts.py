"""Delivery receipts. A receipt may arrive several times, and before the delivery has its provider id."""

from chassis.contract import Empty
from chassis.db.unit_of_work import UnitOfWork
from chassis.rpc.client import RpcClient
from notifications import metrics
from notifications.channels.interface import Receipt
from notifications.delivery import receipts_store
from users.contract import OptOut


def store(db: UnitOfWork, rpc_client: RpcClient, receipt: Receipt) -> None:
    """Commit a final result, and pass an opt-out to users; after an error the provider repeats the receipt."""
    if receipt.result is not None:
        with db.write() as session:
            receipts_store.lock(session, shared=True)
            is_new = receipts_store.add(session, receipt.provider_id, receipt.result)
            receipts_store.apply(session, [receipt.provider_id])
        if is_new:
            metrics.DELIVERIES.labels(receipt.channel, receipt.result.status).inc()
    if receipt.opted_out_phone is not None:
        rpc_client.call("users.opt_out", OptOut(phone=receipt.opted_out_phone), Empty)
