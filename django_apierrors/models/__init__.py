"""What the team edits: words of codes, maintenance windows, and the tokens that announce an edit."""

from ..edits import Edit, Revision, announced
from .errorcode import ErrorCode, ErrorCodeTranslation, Texts
from .window import MaintenanceWindow

__all__ = ["Edit", "ErrorCode", "ErrorCodeTranslation", "MaintenanceWindow", "Revision", "Texts", "announced"]
