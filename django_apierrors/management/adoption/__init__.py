"""The report of ``manage.py apierrors adopt``: what a project adds to have the package, and what its clients will see."""

from .report import iter_report

__all__ = ["iter_report"]
