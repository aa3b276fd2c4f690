"""The URLs of test_traps_django, without our error views."""

from test_traps_django import urlpatterns

__all__ = ["urlpatterns"]
