"""The URLs of the tests: every door under /api/, the same views as a website under /site/."""

from django.contrib import admin
from django.urls import path
from shop import views

from django_apierrors.handlers import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/drf", views.Drf.as_view()),
    path("api/plain", views.plain),
    path("api/async", views.asynchronous),
    path("api/class", views.Plain.as_view()),
    path("api/private", views.Private.as_view()),
    path("api/orders", views.Orders.as_view()),
    path("site/drf", views.Drf.as_view()),
    path("site/plain", views.plain),
    path("site/async", views.asynchronous),
    path("site/class", views.Plain.as_view()),
]
