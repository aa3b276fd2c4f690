"""The admin of catalog and maintenance; imported by Django's admin when that is installed, and by nothing else."""

from .errorcode import ErrorCodeAdmin, ErrorCodeAdminMixin
from .maintenance import MaintenanceWindowAdmin, MaintenanceWindowAdminMixin

__all__ = ["ErrorCodeAdmin", "ErrorCodeAdminMixin", "MaintenanceWindowAdmin", "MaintenanceWindowAdminMixin"]
