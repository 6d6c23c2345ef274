"""The errors of the endpoints of exports."""

from chassis.errors import Conflict, NotFound, TooManyRequests

NO_EXPORT = NotFound("There is no export. POST /account/export/ starts one.", "no_export")
NOT_READY = Conflict("The export is being made; you will be notified when it is ready.", "export_not_ready")
TOO_MANY = TooManyRequests("There were too many exports today; try again later.", "too_many_exports")
