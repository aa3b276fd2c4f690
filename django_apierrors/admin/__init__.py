"""The admin of catalog and maintenance; only the autodiscovery of Django's admin imports it."""

from .catalog.admin import ErrorCodeAdmin, ErrorCodeAdminMixin
from .maintenance.admin import MaintenanceWindowAdmin, MaintenanceWindowAdminMixin

__all__ = ["ErrorCodeAdmin", "ErrorCodeAdminMixin", "MaintenanceWindowAdmin", "MaintenanceWindowAdminMixin"]
