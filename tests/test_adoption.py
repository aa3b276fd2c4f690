"""A project that adopts the package step by step: what a view meant stays, sync and async, whoever answers."""

import json

import pytest
from django.http import Http404, HttpResponse
from django.template import engines
from django.urls import include, path
from rest_framework.authentication import BasicAuthentication, SessionAuthentication
from rest_framework.decorators import action, api_view
from rest_framework.exceptions import NotAuthenticated, NotFound, ParseError, ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import TemplateHTMLRenderer
from rest_framework.response import Response
from rest_framework.serializers import CharField, Serializer
from rest_framework.views import APIView
from rest_framework.views import exception_handler as drf_handler
from rest_framework.viewsets import ViewSet
from support.clients import sender

from django_apierrors.handlers import answer, exception_handler, handler400, handler403
from django_apierrors.testing import assert_api_error

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

pytestmark = pytest.mark.urls(__name__)


def handler404(request, exception):
    return answer(request, exception) or HttpResponse("<h1>Our page</h1>", status=404)


def handler500(request):
    return answer(request) or HttpResponse("<h1>Our crash page</h1>", status=500)


class Name(Serializer):
    name = CharField(max_length=3)


class Failing(APIView):
    """Fails in each of the ways that a handler of its own may answer."""

    own_handler = staticmethod(exception_handler)

    def get_exception_handler(self):
        return self.own_handler

    def get(self, request, how):
        if how == "missing":
            raise NotFound("Gone fishing.")
        if how == "invalid":
            Name(data={"name": "long"}).is_valid(raise_exception=True)
        raise ParseError("Broken.")


def house_handler(exc, context):
    """A handler of a house, with an envelope of its own around the errors of a serializer."""
    return Response({"ok": False, "errors": exc.detail}, status=exc.status_code)


def empty_handler(exc, context):
    return Response(status=exc.status_code)


def wrapping_handler(exc, context):
    response = exception_handler(exc, context)
    return response and Response({"wrapped": response.data}, status=response.status_code)


def adding_handler(exc, context):
    response = exception_handler(exc, context)
    response.data["error"]["support"] = "https://support.example"
    response.status_code = 422
    return response


def later_status_handler(exc, context):
    response = exception_handler(exc, context)
    response.status_code = 422
    response.data["error"]["support"] = "https://support.example"
    return response


class Formatted(ViewSet):
    error_format = "described"

    def list(self, request):
        raise NotFound()

    def create(self, request):
        raise NotFound()

    @action(detail=False)
    def recent(self, request):
        raise NotFound()

    create.error_format = "result"
    recent.error_format = "typed"


@api_view(["GET"])
def function(request):
    raise {"missing": NotFound(), "crash": RuntimeError("secret")}[request.query_params.get("how", "missing")]


function.error_format = "problem"


class Session(SessionAuthentication):
    pass


class Spoiled(BasicAuthentication):
    def authenticate_header(self, request):
        return 'Basic realm="a\r\nSet-Cookie: b"'


class Page(TemplateHTMLRenderer):
    """Renders a template of one line, which no file holds."""

    def get_template_names(self, response, view):
        return [type(self).__name__]

    def resolve_template(self, names):
        return engines["django"].from_string("{{ name.0 }}")


class Form(APIView):
    renderer_classes = [Page]

    def get(self, request):
        name = Name(data={})
        return Response({} if name.is_valid() else name.errors, status=400)


class Private(APIView):
    permission_classes = [IsAuthenticated]
    authentication_classes = [Session, BasicAuthentication]

    def get(self, request):
        return Response({})


HANDLERS = {
    "ours": exception_handler,
    "drf": drf_handler,
    "house": house_handler,
    "empty": empty_handler,
    "wrapping": wrapping_handler,
    "adding": adding_handler,
    "later": later_status_handler,
}
urlpatterns = [
    path("", include("urls")),
    *(
        path(f"api/by/{name}/<how>", Failing.as_view(own_handler=staticmethod(handler)))
        for name, handler in HANDLERS.items()
    ),
    path("api/formatted", Formatted.as_view({"get": "list", "post": "create"})),
    path("api/formatted/recent", Formatted.as_view({"get": "recent"})),
    path("api/formatted/given", Formatted.as_view({"get": "list"}, error_format="problem")),
    path("api/function", function),
    path("api/session", Private.as_view()),
    path("api/spoiled", Private.as_view(authentication_classes=[Spoiled])),
    path("api/page", Form.as_view()),
]


@pytest.fixture(params=["sync", "async"])
def send(request):
    return sender(request.param)


def body(response):
    return json.loads(response.content)


# Handlers of views


@pytest.mark.parametrize("how", ["missing", "invalid", "malformed"])
def test_a_view_that_keeps_drfs_handler_answers_as_drf_does(send, how):
    response = send("get", f"/api/by/drf/{how}")
    assert "X-Error-Code" not in response
    assert body(response) in (
        {"detail": "Gone fishing."},
        {"name": ["Ensure this field has no more than 3 characters."]},
        {"detail": "Broken."},
    )


def test_a_handler_of_a_house_meant_its_envelope(send):
    response = send("get", "/api/by/house/invalid")
    assert body(response) == {"ok": False, "errors": {"name": ["Ensure this field has no more than 3 characters."]}}
    assert "X-Error-Code" not in response


def test_a_handler_that_answers_without_a_body_meant_that_too(send):
    response = send("get", "/api/by/empty/missing")
    assert (response.status_code, response.content) == (404, b"")


def test_a_handler_that_wraps_ours_in_another_body_meant_it(send):
    response = send("get", "/api/by/wrapping/missing")
    assert body(response)["wrapped"]["error"]["code"] == "RESOURCE_NOT_FOUND"


@pytest.mark.parametrize("name", ["adding", "later"])
@pytest.mark.parametrize("format_", ["nested", "typed"])
def test_the_status_of_the_body_is_that_of_the_response_in_whichever_order_a_handler_sets_it(
    send, name, format_, settings
):
    settings.APIERRORS = {"STRICT": True, "FORMAT": format_}
    response = send("get", f"/api/by/{name}/invalid")
    assert response.status_code == 422
    error = body(response)["error"]
    assert error["support"] == "https://support.example"
    assert error.get("httpCode", 422) == 422
    assert error["errors"][0]["param"] == "name"
    assert response["X-Error-Code"] == "VALIDATION_FAILED"


def test_a_body_that_a_handler_replaced_is_sent_as_it_is(send, monkeypatch):
    def replacing(exc, context):
        response = exception_handler(exc, context)
        response.data = {"own": response.status_code}
        return response

    monkeypatch.setattr(Failing, "get_exception_handler", lambda self: replacing)
    response = send("get", "/api/by/ours/missing")
    assert body(response) == {"own": 404}


# Formats of views


@pytest.mark.parametrize(
    ("method", "url", "members"),
    [
        ("get", "/api/formatted", {"message", "description"}),
        ("post", "/api/formatted", {"result", "message"}),
        ("put", "/api/formatted", {"message", "description"}),
        ("get", "/api/formatted/recent", {"error"}),
        ("get", "/api/formatted/given", {"type", "title", "status", "detail", "instance", "code", "request_id"}),
        ("get", "/api/function", {"type", "title", "status", "detail", "instance", "code", "request_id"}),
        ("post", "/api/function", {"type", "title", "status", "detail", "instance", "code", "request_id"}),
        ("get", "/api/function?how=crash", {"type", "title", "status", "detail", "instance", "code", "request_id"}),
    ],
)
def test_every_error_of_a_view_has_the_format_that_it_names(send, method, url, members):
    assert body(send(method, url)).keys() == members


def test_an_action_that_names_a_format_counts_before_its_class(send):
    assert "doc_url" in body(send("get", "/api/formatted/recent"))["error"]


# Error views of a project


def test_error_views_of_a_project_keep_the_pages_of_its_website(send, settings, set_view):
    settings.MIDDLEWARE = ["shop.middleware.before_the_view", *settings.MIDDLEWARE]
    set_view(Http404())
    response = send("get", "/site/nothing", headers={"Accept": "text/html"})
    assert b"Our page" in response.content
    assert_api_error(send("get", "/api/nothing"), "RESOURCE_NOT_FOUND")


def test_a_crash_above_the_middleware_has_the_page_or_the_shape(send, settings, set_view):
    settings.MIDDLEWARE = ["shop.middleware.before_the_view", *settings.MIDDLEWARE]
    set_view(RuntimeError("secret"))
    assert b"Our crash page" in send("get", "/site/plain", headers={"Accept": "text/html"}).content
    assert_api_error(send("get", "/api/plain"), "INTERNAL_SERVER_ERROR")


# The status of missing credentials


def test_missing_credentials_are_a_401_unless_a_project_wants_what_drf_says(send, settings):
    assert_api_error(send("get", "/api/session"), "AUTH_KEY_NOT_FOUND", 401)
    settings.APIERRORS = {"STRICT": True, "UNAUTHENTICATED": "drf"}
    response = send("get", "/api/session")
    assert_api_error(response, "AUTH_KEY_NOT_FOUND", 403)
    assert "WWW-Authenticate" not in response


def test_what_drf_answers_by_401_stays_a_401(send, settings, set_view):
    settings.APIERRORS = {"STRICT": True, "UNAUTHENTICATED": "drf"}
    set_view(NotAuthenticated())
    response = send("get", "/api/drf")
    assert_api_error(response, "AUTH_KEY_NOT_FOUND", 401)
    assert response["WWW-Authenticate"]


def test_a_wrapped_member_that_is_no_error_of_a_serializer_is_left_alone(send, set_view):
    set_view(lambda request: Response({"errors": ValidationError({"a": ["x"]}).detail}, status=400))
    assert body(send("get", "/api/drf")) == {"errors": {"a": ["x"]}}


def test_errors_of_two_serializers_are_left_to_the_view(send, set_view):
    def view(request):
        first, second = Name(data={}), Name(data={"name": "long"})
        assert not first.is_valid()
        assert not second.is_valid()
        return Response({"first": first.errors, "second": second.errors}, status=400)

    set_view(view)
    assert body(send("get", "/api/drf")).keys() == {"first", "second"}


def test_the_form_of_a_template_is_left_to_the_view(send):
    response = send("get", "/api/page")
    assert response.status_code == 400
    assert response.content == b"This field is required."


def test_a_body_that_a_handler_extended_has_the_status_that_it_sets_afterwards(send, settings, monkeypatch):
    def extending(exc, context):
        response = exception_handler(exc, context)
        response.data = {**response.data, "support": "https://support.example"}
        response.status_code = 410
        return response

    settings.APIERRORS = {"STRICT": True, "FORMAT": "problem"}
    monkeypatch.setattr(Failing, "get_exception_handler", lambda self: extending)
    response = send("get", "/api/by/ours/missing")
    assert (response.status_code, body(response)["status"]) == (410, 410)
    assert body(response)["support"] == "https://support.example"


def test_a_401_has_a_challenge_though_that_of_its_view_cannot_be_sent(send, caplog):
    response = send("get", "/api/spoiled")
    assert_api_error(response, "AUTH_KEY_NOT_FOUND", 401)
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'
    assert "cannot be sent" in caplog.text
