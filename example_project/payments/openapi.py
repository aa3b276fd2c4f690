"""The OpenAPI schema of the API, and a page to try it: there when drf-spectacular is installed."""

from django.conf import settings
from django.urls import path
from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiViewExtension
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from .serializers import SettlementSerializer


class BearerScheme(OpenApiAuthenticationExtension):
    target_class = "payments.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema):
        return {"type": "http", "scheme": "bearer"}


class FailureView(OpenApiViewExtension):
    target_class = "payments.views.failure"

    def view_replacement(self):
        return extend_schema(responses={204: None})(self.target)


class SettlementView(OpenApiViewExtension):
    target_class = "payments.views.settlement"

    def view_replacement(self):
        return extend_schema(request=SettlementSerializer, responses={202: SettlementSerializer})(self.target)


urlpatterns = [path("schema/", SpectacularAPIView.as_view(), name="schema")]
if settings.WITH_SWAGGER_UI:
    urlpatterns.append(path("docs/", SpectacularSwaggerView.as_view(url_name="schema")))
