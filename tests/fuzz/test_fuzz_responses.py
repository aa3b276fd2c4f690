"""Random finished responses: a success is never touched, an error loses nothing but what spoke of its old body."""

import json

import pytest
from django.http import HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.test import RequestFactory
from django.urls import path, resolve
from fuzz.strategies import profile, written_records
from fuzz.test_fuzz_exceptions import KEYS, check_answer
from hypothesis import given
from hypothesis import strategies as st
from shop import views

from django_apierrors.middleware import ApiErrorMiddleware
from django_apierrors.responses import problem_of

urlpatterns = [
    *(path(f"api/{name}/plain", views.plain) for name in KEYS),
    path("site/plain", views.plain),
]
pytestmark = pytest.mark.urls(__name__)

#: Headers that speak of one body and of no other.
OF_THE_BODY = [
    "Accept-Ranges",
    "Content-Digest",
    "Content-Disposition",
    "Content-Encoding",
    "Content-Length",
    "Content-Location",
    "Content-MD5",
    "Digest",
    "ETag",
    "Last-Modified",
    "Repr-Digest",
]
#: Headers of others, which stay, with the values that a project may give them.
OTHERS = {
    "Access-Control-Allow-Origin": ["*"],
    "Allow": ["GET", ""],
    "Content-Security-Policy": ["default-src 'none'"],
    "Set-Cookie": ["a=b"],
    "Vary": ["Origin", "*", "Accept"],
    "X-Frame-Options": ["DENY"],
    "X-Own": ["1", "caf\xe9"],
}
#: Headers of others that the answer may have to correct.
SHARED = {
    "Cache-Control": ["max-age=60", "no-store", "private, no-store", "public"],
    "Content-Language": ["de", "xx"],
    "Content-Range": ["bytes */67589"],
    "Link": ['</a>; rel="next"'],
    "Location": ["/elsewhere"],
    "Retry-After": ["7", "soon", "-1", "Wed, 21 Oct 2015 07:28:00 GMT"],
    "WWW-Authenticate": ['Basic realm="x"', "Bearer"],
    "X-Content-Type-Options": ["nosniff"],
    "X-Error-Code": ["THEIRS"],
    "X-Request-ID": ["theirs-1"],
}
TYPES = ["text/html", "text/html; charset=latin-1", "text/plain", "application/json", "application/problem+json"]
TYPES += ["image/png", "text/csv", "application/octet-stream", "", "TEXT/HTML", ";", "text/event-stream"]
STATUSES = [200, 201, 202, 204, 206, 301, 302, 304, *(400, 401, 403, 404, 405, 409, 410, 416, 418, 422, 429, 451, 499)]
STATUSES += [500, 501, 502, 503, 504, 599]


def _headers(known):
    return st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in known.items()})


@st.composite
def odd_responses(draw):
    """Return a function that makes a finished response, each time the same one, and how it is described."""
    status = draw(st.sampled_from(STATUSES))
    kind = draw(st.sampled_from(["plain", "plain", "plain", "streamed", "redirect"]))
    body = draw(st.sampled_from([b"", b"<p>Old.</p>", b"old", b'{"old": 1}', b"\xff\x00" * 50, b"o" * 70_000]))
    content_type = draw(st.sampled_from(TYPES))
    reason = draw(st.sampled_from([None, None, "Own Phrase"]))
    is_logged, has_cookie = draw(st.booleans()), draw(st.booleans())
    given_headers = {
        **draw(_headers({name: ["0", '"etag"', "gzip"] for name in OF_THE_BODY})),
        **draw(_headers(OTHERS)),
        **draw(_headers(SHARED)),
    }

    def make():
        if kind == "streamed":
            response = StreamingHttpResponse([body[:5], body[5:]], status=status, reason=reason)
        elif kind == "redirect":
            response = HttpResponseRedirect("/login/?next=/")
            response.status_code = status
        else:
            response = HttpResponse(body, status=status, reason=reason)
        response["Content-Type"] = content_type
        for name, value in given_headers.items():
            response.headers[name] = value
        if has_cookie:
            response.set_cookie("kept", "yes", httponly=True)
        if is_logged:
            response._has_been_logged = True
        return response

    return make, f"{kind} {status} {content_type!r} {body[:12]!r} {given_headers}"


@pytest.fixture(autouse=True)
def quiet(settings):
    settings.APIERRORS = {
        "STRICT": False,
        "REFRESH_SECONDS": None,
        "FORMATS": {f"/api/{name}/": name for name in KEYS},
    }
    with written_records():
        yield


def content_of(response):
    return b"".join(response) if response.streaming else response.content


def cookies_of(response):
    return {name: morsel.OutputString() for name, morsel in response.cookies.items()}


def check_untouched(response, expected):
    assert response.status_code == expected.status_code
    assert response.reason_phrase == expected.reason_phrase
    assert dict(response.items()) == dict(expected.items())
    assert response.streaming == expected.streaming
    assert content_of(response) == content_of(expected)


def check_rewritten(response, expected, name):
    check_answer(as_sound(response), name)
    for header in OF_THE_BODY:
        if header != "Content-Length":
            assert header not in response.headers, header
    for header, value in expected.items():
        if header == "Vary":
            assert {part.strip() for part in value.split(",")} <= {p.strip() for p in response["Vary"].split(",")}
        elif header in OTHERS:
            assert response[header] == value, header
        elif header == "Cache-Control":
            assert "no-store" in response[header]
        elif header == "Link":
            assert response[header].startswith(value)
        elif header == "WWW-Authenticate":
            assert response[header].startswith(value.partition(" ")[0])
        elif header == "Content-Range":
            assert (header in response.headers) == (expected.status_code == 416)
        elif header == "Retry-After" and header in response.headers:
            assert int(response[header]) >= 1
    assert "Location" not in response.headers
    assert b"Old" not in response.content
    assert getattr(response, "_has_been_logged", False) == getattr(expected, "_has_been_logged", False)


def as_sound(response):
    """Return the answer without what others gave it, which it need not answer for."""
    copy = HttpResponse(response.content, status=response.status_code)
    copy.headers = {name: value for name, value in response.items() if name not in OTHERS}
    copy.items = copy.headers.items
    copy.get = copy.headers.get
    return copy


@profile("APIERRORS_FUZZ_RESPONSES")
@given(
    odd=odd_responses(),
    name=st.sampled_from([*sorted(KEYS), ""]),
    accept=st.sampled_from(["*/*", "text/html", "application/json"]),
    is_resolved=st.booleans(),
)
def test_a_response_is_untouched_or_loses_only_what_spoke_of_its_body(batch, odd, name, accept, is_resolved):
    make, description = odd
    url = f"/api/{name}/plain" if name else "/site/plain"
    request = RequestFactory().get(url, headers={"Accept": accept})
    if is_resolved:
        request.resolver_match = resolve(url)
    original = make()
    response = ApiErrorMiddleware(lambda request: original)(request)
    expected = make()
    assert response.status_code == expected.status_code, description
    assert cookies_of(response) == cookies_of(expected), description
    if expected.status_code < 400:
        assert response is original, description
    if problem_of(response) is None:
        check_untouched(response, expected)
    else:
        assert expected.status_code >= 400
        check_rewritten(response, expected, name or "nested")
        assert json.loads(response.content)
