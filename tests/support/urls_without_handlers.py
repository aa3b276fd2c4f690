"""The same URLs without the handlers of the package, as they were before it was installed."""

from urls import urlpatterns

__all__ = ["urlpatterns"]
