"""The error contract of operations: declared, implied by settings, and read from source."""

from .declared import raises

__all__ = ["raises"]
