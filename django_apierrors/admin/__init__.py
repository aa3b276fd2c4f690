"""The admin of catalog and maintenance; imported by Django's admin when that is installed, and by nothing else."""

from .catalog.admin import ErrorCodeAdmin, ErrorCodeAdminMixin
from .maintenance.admin import MaintenanceWindowAdmin, MaintenanceWindowAdminMixin

__all__ = ["ErrorCodeAdmin", "ErrorCodeAdminMixin", "MaintenanceWindowAdmin", "MaintenanceWindowAdminMixin"]
