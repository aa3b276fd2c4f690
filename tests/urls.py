"""The URLs of the tests: every kind of view under /api/, the same views as a website under /site/."""

from django.contrib import admin
from django.contrib.staticfiles.views import serve
from django.urls import include, path
from shop import views

from django_apierrors.handlers import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = [
    path("admin/", admin.site.urls),
    path("static/<path:path>", serve, {"insecure": True}),
    path("errors/", include("django_apierrors.urls")),
    path("api/drf", views.Drf.as_view()),
    path("api/drf/<name>", views.DrfFixed.as_view()),
    path("api/plain", views.plain),
    path("api/plain/<name>", views.plain_fixed),
    path("api/async", views.asynchronous),
    path("api/async/<name>", views.asynchronous_fixed),
    path("api/class", views.Plain.as_view()),
    path("api/private", views.Private.as_view()),
    path("api/orders", views.Orders.as_view()),
    path("api/typed/drf", views.TypedDrf.as_view()),
    path("api/typed/class", views.TypedPlain.as_view()),
    path("api/typed/plain", views.typed_plain),
    *(
        path(f"api/broken/{where}", views.Broken.as_view(where=where))
        for where in ("initialize_request", "get_exception_handler", "finalize_response")
    ),
    path("site/drf", views.Drf.as_view()),
    path("site/plain", views.plain),
    path("site/async", views.asynchronous),
    path("site/class", views.Plain.as_view()),
    path("site/page", views.page),
    path("site/async-page", views.asynchronous_page),
    path("site/redirect", views.redirect),
    path("site/streamed", views.streamed),
    path("site/unchanged", views.unchanged),
    path("site/download", views.download),
    path("site/own-error", views.own_error),
]
