"""URLs of a project without the admin, whose documentation stands elsewhere."""

from django.urls import include, path

urlpatterns = [path("reference/", include("django_apierrors.urls"))]
