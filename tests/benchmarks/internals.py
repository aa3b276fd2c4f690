"""The names that snapshot.py and ratelimit.py need and that are not public names of the package."""

from django_apierrors import catalog
from django_apierrors.catalog import Catalog
from django_apierrors.conf import conf
from django_apierrors.ratelimit import global_limits
from django_apierrors.request_state import RequestState
from django_apierrors.snapshot import loader, snapshot

__all__ = ["Catalog", "RequestState", "catalog", "conf", "global_limits", "loader", "snapshot"]
