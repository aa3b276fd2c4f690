"""Errors of DRF views in the media type of each renderer: JSON by DRF's own, others as they are, never a mixture."""

import json

import pytest
from django.urls import path
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.renderers import BaseRenderer, BrowsableAPIRenderer, JSONRenderer, StaticHTMLRenderer
from rest_framework.response import Response
from rest_framework.serializers import CharField, Serializer
from rest_framework.views import APIView
from support.clients import sender

from django_apierrors.handlers import handler400, handler403, handler404, handler500
from django_apierrors.testing import assert_api_error

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

pytestmark = pytest.mark.urls(__name__)


class Wrapping(JSONRenderer):
    """Puts every body below a key of its own."""

    def render(self, data, *args, **kwargs):
        return json.dumps({"payload": data}).encode()


class Vendor(Wrapping):
    media_type = "application/vnd.shop+json"
    format = "vendor"


class JsonApi(Wrapping):
    media_type = "application/vnd.api+json"
    format = "api"


class Csv(BaseRenderer):
    media_type = "text/csv"
    format = "csv"

    def render(self, data, *args, **kwargs):
        return "\n".join(f"{key};{value}" for key, value in data.items())


class Png(BaseRenderer):
    media_type = "image/png"
    format = "png"
    charset = None
    render_style = "binary"

    def render(self, data, *args, **kwargs):
        return b"\x89PNG"


class Xml(BaseRenderer):
    media_type = "application/xml"
    format = "xml"

    def render(self, data, *args, **kwargs):
        return f"<error>{data['error']['code']}</error>"


class Yaml(Xml):
    media_type = "application/x-yaml"
    format = "yaml"

    def render(self, data, *args, **kwargs):
        return f"code: {data['error']['code']}\n"


class Broken(Xml):
    def render(self, data, *args, **kwargs):
        raise ZeroDivisionError("no such page")


class Name(Serializer):
    name = CharField(max_length=3)


class Failing(APIView):
    def get(self, request):
        raise NotFound()

    def post(self, request):
        serializer = Name(data={"name": "long"})
        serializer.is_valid()
        return Response(serializer.errors, status=400, headers={"ETag": '"old"', "Content-MD5": "old"})

    def put(self, request):
        raise ValidationError({"name": ["x"]})


RENDERERS = {
    renderer.__name__.lower(): renderer for renderer in (Wrapping, Vendor, JsonApi, Csv, Png, Xml, Yaml, Broken)
}
urlpatterns = [
    *(path(f"api/{name}", Failing.as_view(renderer_classes=[renderer])) for name, renderer in RENDERERS.items()),
    path("api/static", Failing.as_view(renderer_classes=[StaticHTMLRenderer])),
    path("api/browsable", Failing.as_view(renderer_classes=[JSONRenderer, BrowsableAPIRenderer])),
]


@pytest.fixture(params=["sync", "async"])
def send(request):
    return sender(request.param)


@pytest.mark.parametrize("method", ["get", "post", "put"])
@pytest.mark.parametrize("format_", ["nested", "problem"])
@pytest.mark.parametrize("name", ["wrapping", "jsonapi", "csv", "png"])
def test_a_renderer_that_cannot_show_an_error_leaves_it_to_json(send, name, format_, method, settings):
    settings.APIERRORS = {"STRICT": True, "FORMAT": format_}
    response = send(method, f"/api/{name}", headers={"Accept": "*/*"})
    assert response["Content-Type"] == {"nested": "application/json", "problem": "application/problem+json"}[format_]
    body = json.loads(response.content)
    assert "payload" not in body
    code = body.get("error", body)["code"]
    assert_api_error(response, code, 404 if method == "get" else 400)


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_type_of_json_of_the_project_stays(send, method):
    response = send(method, "/api/vendor")
    assert response["Content-Type"] == "application/vnd.shop+json"
    assert "error" in json.loads(response.content)


@pytest.mark.parametrize(
    ("name", "content"),
    [("xml", b"<error>RESOURCE_NOT_FOUND</error>"), ("yaml", b"code: RESOURCE_NOT_FOUND\n")],
)
def test_xml_and_yaml_are_rendered_by_the_project(send, name, content):
    response = send("get", f"/api/{name}")
    assert response.content == content
    assert response["X-Error-Code"] == "RESOURCE_NOT_FOUND"
    assert response["Content-Type"].startswith(RENDERERS[name].media_type)


def test_a_renderer_that_fails_leaves_the_error_to_json(send, caplog):
    response = send("get", "/api/broken")
    assert_api_error(response, "RESOURCE_NOT_FOUND")
    assert response["Content-Type"] == "application/json"
    assert "no such page" in caplog.text


def test_the_browsable_api_shows_the_error_and_its_status(send):
    response = send("get", "/api/browsable", headers={"Accept": "text/html"})
    assert response["Content-Type"] == "text/html; charset=utf-8"
    assert b"RESOURCE_NOT_FOUND" in response.content


def test_what_spoke_of_the_body_of_returned_errors_goes_with_it(send):
    response = send("post", "/api/wrapping")
    assert_api_error(response, "VALIDATION_FAILED")
    assert "ETag" not in response
    assert "Content-MD5" not in response
