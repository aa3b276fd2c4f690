"""What the team edits: words of codes, maintenance windows, and the tokens that announce an edit."""

from .errorcode import ErrorCode, ErrorCodeTranslation, Texts
from .revision import Edit, Revision, announced
from .window import MaintenanceWindow

__all__ = ["Edit", "ErrorCode", "ErrorCodeTranslation", "MaintenanceWindow", "Revision", "Texts", "announced"]
