"""URLs of a project that mounts the documentation beside the admin."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [path("admin/", admin.site.urls), path("errors/", include("django_apierrors.urls"))]
