"""The models: error codes with their texts, maintenance windows, and the revisions of both."""

from .errorcode import ErrorCode, ErrorCodeTranslation, Texts
from .revision import Edit, Revision, atomic_revision, bump_revision
from .window import MaintenanceWindow

__all__ = [
    "Edit",
    "ErrorCode",
    "ErrorCodeTranslation",
    "MaintenanceWindow",
    "Revision",
    "Texts",
    "atomic_revision",
    "bump_revision",
]
