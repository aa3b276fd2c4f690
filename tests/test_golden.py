"""Six exchanges in each format, checked byte for byte, and the same in every kind of view."""

import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client
from django.utils.translation import gettext_lazy
from shop.api_errors import InsufficientBalance

from django_apierrors.exceptions import ApiError, AuthKeyInvalid, IdempotencyKeyInUse, ParamNotFound

GOLDEN = Path(__file__).parent / "golden"
FORMATS = ("nested", "result", "detailed", "described", "oauth2", "typed", "problem", "standardized")
REQUEST_ID = {"X-Request-ID": "7c9e6679-7425-40de-944b-e07fc1f90ae7"}
#: The header table of formats.md, and the headers that describe the body.
HEADERS = (
    "Allow",
    "Cache-Control",
    "Content-Language",
    "Content-Length",
    "Content-Type",
    "Link",
    "Pragma",
    "Retry-After",
    "Vary",
    "WWW-Authenticate",
    "X-Content-Type-Options",
    "X-Error-Code",
    "X-Request-ID",
)
#: Where plain views raise the same; an unmatched URL is the one error that no view raises.
ELSEWHERE = {
    "No key": "no-key",
    "A business rule, with details and parameters": "insufficient-balance",
    "Several values that are not accepted": "order",
    "Too many requests": "throttled",
    "An exception that nobody handled": "unhandled",
}


def exchanges(format_):
    """Return name → (lines of the request, its body, the answer) as a file states them."""
    found = {}
    for chunk in (GOLDEN / f"{format_}.http").read_text().removeprefix("### ").split("\n### "):
        name, rest = chunk.split("\n\n", 1)
        request, answer = rest.split("\n\nHTTP ", 1)
        head, _, body = request.partition("\n\n")
        found[name] = head.splitlines(), body, f"HTTP {answer.rstrip()}"
    return found


def sent(lines, body, client, path=None):
    """Send a request as it is written and return the answer."""
    method, written_path = lines[0].split(" ")
    headers = dict(line.split(": ", 1) for line in lines[1:])
    arguments = {"data": body, "content_type": headers.pop("Content-Type")} if body else {}
    send = getattr(client, method.lower())
    send = async_to_sync(send) if isinstance(client, AsyncClient) else send
    return send(path or written_path, headers=headers, **arguments)


def written(response):
    """Return an answer as the files write it."""
    head = [f"HTTP {response.status_code}"]
    head += [f"{name}: {response.headers[name]}" for name in HEADERS if name in response.headers]
    return "\n".join(head) + "\n\n" + response.content.decode()


@pytest.fixture(params=[Client, AsyncClient], ids=["sync", "async"])
def client(request):
    return request.param(raise_request_exception=False)


@pytest.fixture(params=["nested", *(pytest.param(name, marks=pytest.mark.exhaustive) for name in FORMATS[1:])])
def format_(request, settings):
    # The challenge of the test project's authenticator, so that a plain view can say the same.
    settings.APIERRORS = {"STRICT": True, "CHALLENGE": 'Bearer realm="shop"', "FORMAT": request.param}
    # What others add to Vary is theirs to change.
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if not name.startswith("corsheaders")]
    return request.param


NAMES = list(exchanges("nested"))


def test_there_are_six_exchanges_for_each_format():
    assert {path.stem for path in GOLDEN.iterdir()} == set(FORMATS)
    assert len(NAMES) == 6
    for format_ in FORMATS:
        assert list(exchanges(format_)) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_an_exchange_is_as_it_is_written(name, format_, client):
    lines, body, answer = exchanges(format_)[name]
    assert written(sent(lines, body, client)) == answer


@pytest.mark.parametrize("view", ["plain", "async"])
@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_plain_view_answers_like_the_drf_view(name, view, format_, client):
    lines, body, _answer = exchanges(format_)[name]
    assert_same(sent(lines, body, client), sent(lines, body, client, f"/api/{view}/{ELSEWHERE[name]}"))


def assert_same(one, other):
    assert one.status_code == other.status_code
    assert one.content == other.content
    assert without_negotiation(one) == without_negotiation(other)


def without_negotiation(response):
    return {name: value for name, value in response.headers.items() if name not in ("Allow", "Vary")}


ERRORS = {
    "details of every kind": lambda: InsufficientBalance(
        details={
            "required": Decimal("25.00"),
            "since": datetime.datetime(2026, 3, 1, 12, 30, tzinfo=datetime.UTC),
            "tries": [1, 2.5, None, True],
            "currency": "€",
            "nested": {1: ("a", "b")},
        },
        params={"required": "25.00 €", "available": "10.00 €"},
    ),
    "characters that JSON or JavaScript mind": lambda: ApiError(
        "RESOURCE_CONFLICT", 'Quote " backslash \\ <script> \u2028 \u2029 \ud800', details={"\ud800": "\u2028\udfff"}
    ),
    "a lazy message": lambda: ApiError("RESOURCE_CONFLICT", gettext_lazy("Enter a valid value.")),
    "a parameter": lambda: ParamNotFound("items.0.price"),
    "a value at fault": lambda: ApiError("VALIDATION_FAILED", "Must be positive.", param="amount"),
    "a status of its own": lambda: ApiError("RESOURCE_CONFLICT", status=423),
    "nothing but a status": lambda: ApiError(status=410),
    "further headers": lambda: ApiError("RESOURCE_CONFLICT", headers={"X-Version": "3", "Link": '</v2>; rel="next"'}),
    "a wait": lambda: IdempotencyKeyInUse(2.1),
    "a wrong key": lambda: AuthKeyInvalid(),
    "a missing scope": lambda: ApiError("INSUFFICIENT_SCOPE", params={"scope": "accounts:read"}),
    "a 5xx with details": lambda: ApiError("BAD_GATEWAY", "secret", details={"upstream": "bank"}),
    "an OAuth error": lambda: ApiError("OAUTH_INVALID_GRANT", "The code was “used”."),
}  # fmt: skip


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer good"}], ids=["no key", "a key"])
@pytest.mark.parametrize("name", ERRORS)
def test_an_api_error_is_the_same_from_every_kind_of_view(name, headers, format_, client, set_view):
    drf = answer_of("/api/drf", headers, client, set_view, name)
    for path in ("/api/plain", "/api/async", "/api/class"):
        assert_same(drf, answer_of(path, headers, client, set_view, name))


def answer_of(path, headers, client, set_view, name):
    set_view(ERRORS[name]())
    get = async_to_sync(client.get) if isinstance(client, AsyncClient) else client.get
    return get(path, headers={**REQUEST_ID, **headers})
