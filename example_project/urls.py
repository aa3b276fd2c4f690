"""URLs of the example project: a home page, the admin, and one API in two versions."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from payments.views import home

# The one line that also answers what fails above the middleware, such as a forged Host header.
from django_apierrors.handlers import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = [
    path("", home),
    path("admin/", admin.site.urls),
    path("api-auth/", include("rest_framework.urls")),
    path("errors/", include("django_apierrors.urls")),
    path("api/v1/", include("payments.urls", namespace="v1")),
    path("api/v2/", include("payments.urls", namespace="v2")),
]
if settings.WITH_OPENAPI:
    urlpatterns.append(path("api/", include("payments.openapi")))
if settings.WITH_OAUTH:
    urlpatterns.append(path("", include("payments.oauth")))
