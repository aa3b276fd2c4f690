"""URLs of the documentation view: ``path("errors/", include("django_apierrors.urls"))``."""

from django.urls import path

from .docs import views

app_name = "apierrors"

urlpatterns = [
    path("", views.index, name="index"),
    path("catalog.json", views.catalog_json, name="catalog-json"),
    path("catalog.csv", views.catalog_csv, name="catalog-csv"),
    path("catalog.md", views.catalog_markdown, name="catalog-markdown"),
    path("<str:code>.json", views.detail_json, name="detail-json"),
    path("<str:code>/", views.detail, name="detail"),
]
