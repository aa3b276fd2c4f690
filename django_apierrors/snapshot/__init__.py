"""The snapshot of catalog and windows in each process: the only code that reads the database for a request."""

from .polling import Snapshot, snapshot

__all__ = ["Snapshot", "snapshot"]
