"""The report of ``manage.py apierrors adopt``: what a project adds, and what its clients see."""

from .report import iter_report

__all__ = ["iter_report"]
