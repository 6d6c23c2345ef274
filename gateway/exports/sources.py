"""Where an export reads: the services in this order, and at the end the gateway's own tables."""

from collections.abc import Iterator, Mapping

from chassis.contract.export import ExportPage, ExportUser
from chassis.db import export
from chassis.db.export import Section
from chassis.db.unit_of_work import UnitOfWork
from chassis.rpc.client import RpcClient
from feeds.contract import PostData
from gateway.contract import Export, ExportedName, GatewayData
from gateway.models import AuthorRow, ExportRow
from notifications.contract import NotificationData
from users.contract import UserData

# users comes first: if it does not know the account, there is nothing to export.
SERVICES: Mapping[str, type[ExportPage]] = {"users": UserData, "feeds": PostData, "notifications": NotificationData}
OWN = "gateway"
ORDER = (*SERVICES, OWN)
FIRST = ORDER[0]

SECTIONS = (
    Section(
        "names",
        ExportedName,
        {"username": AuthorRow.username, "changed_at": AuthorRow.changed_at},
        AuthorRow.id,
        (AuthorRow.id,),
    ),
    Section(
        "exports",
        Export,
        {
            "id": ExportRow.id,
            "state": ExportRow.state,
            "requested_at": ExportRow.requested_at,
            "finished_at": ExportRow.finished_at,
            "expires_at": ExportRow.expires_at,
        },
        ExportRow.user_id,
        (ExportRow.id,),
    ),
)

# What is not exported, by table or column, and why.
LEFT_OUT = export.LEFT_OUT | {
    "routes": "no data of users",
    "authors.posts": "counted by 0.1.0 only",
    "authors.last_post_at": "counted by 0.1.0 only",
    "authors.rebuilt_until": "counted by 0.1.0 only",
    "counted_posts": "ids of posts that 0.1.0 counted; feeds exports the posts",
    "exports.due_at": "progress of the export",
    "exports.lease": "progress of the export",
    "exports.source": "progress of the export",
    "exports.cursor": "progress of the export",
    "exports.chunks": "progress of the export",
    "export_chunks": "the content of exports",
}


def read(db: UnitOfWork, rpc_client: RpcClient, source: str, request: ExportUser) -> ExportPage:
    """Return a page of what a service, or the gateway, stores about a user. Raises what the call raises."""
    if source in SERVICES:
        return rpc_client.call(f"{source}.export", request, SERVICES[source])
    with db.read() as session:
        return GatewayData(**export.page(session, SECTIONS, request))


def after(source: str) -> str | None:
    """Return the source after this one; None: it is the last."""
    following = ORDER.index(source) + 1
    return ORDER[following] if following < len(ORDER) else None


def records(page: ExportPage) -> Iterator[tuple[str, bytes]]:
    """Yield each section of a page that has records, with the records as JSON with commas between them."""
    for section in type(page).model_fields:
        found = getattr(page, section)
        if section != "next" and found:
            yield section, b",".join(record.model_dump_json().encode() for record in found)
