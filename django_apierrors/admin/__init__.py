"""The admin of the catalog; imported by Django's admin when that is installed, and by nothing else."""

from .errorcode import ErrorCodeAdmin, ErrorCodeAdminMixin

__all__ = ["ErrorCodeAdmin", "ErrorCodeAdminMixin"]
