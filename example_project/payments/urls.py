"""URLs of the API, without its version."""

from django.urls import include, path
from rest_framework.routers import DefaultRouter

from . import views

app_name = "payments"

router = DefaultRouter()
router.register("accounts", views.AccountViewSet, "account")
router.register("transfers", views.TransferViewSet, "transfer")

urlpatterns = [
    path("", include(router.urls)),
    path("payees/<str:number>/", views.PayeeView.as_view()),
    path("statements/<str:number>/", views.statement),
    path("rates/", views.rate),
    path("failure/", views.failure),
    path("webhooks/settlements/", views.settlement),
]
