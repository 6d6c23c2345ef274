"""Exports of what is stored about a user."""

from gateway.contract import Export, ExportFile, GetExport, RequestExport
from gateway.exports import errors as export_errors
from gateway.exports import file
from gateway.routing.route import Access, Download, Route

ROUTES = (
    Route(
        "request-export",
        "POST",
        ("/account/export/",),
        "gateway.request_export",
        Access.USER,
        RequestExport,
        Export,
        status=202,
        location="/account/export/",
        fields_in="query",
        summary="Start an export of all that is stored about the user",
        errors=(export_errors.too_many(),),
    ),
    Route(
        "export",
        "GET",
        ("/account/export/",),
        "gateway.export",
        Access.USER,
        GetExport,
        Export,
        response_model=ExportFile,
        download=Download(file.name, file.parts),
        summary="Download the export",
        errors=(export_errors.no_export(), export_errors.not_ready()),
    ),
)
