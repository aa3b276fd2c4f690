"""What is no error of the API is the same, byte for byte, as without the middleware."""

import re

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.test import AsyncClient, Client

# Different in each answer, whoever is installed: tokens, and the clock in headers that forbid caching.
TOKEN = re.compile(rb'(?<=name="csrfmiddlewaretoken" value=")[^"]+|(?<="csrfToken": ")[^"]+')
CLOCK = {"Expires"}

ANSWERS = {
    "200": ("/site/page", {}, 200),
    "200 of an async view": ("/site/async-page", {}, 200),
    "200 of the API": ("/api/plain/fine", {}, 200),
    "201 of a DRF view": ("/api/orders", {"data": {"customer": "ana"}, "content_type": "application/json"}, 201),
    "browsable API": ("/api/private", {"headers": {"Accept": "text/html", "Authorization": "Bearer good"}}, 200),
    "redirect": ("/site/redirect", {}, 302),
    "redirect that appends a slash": ("/admin", {}, 301),
    "redirect to the login page": ("/admin/", {}, 302),
    "page of the admin": ("/admin/login/", {}, 200),
    "page with an ETag": ("/site/unchanged", {}, 200),
    "304": ("/site/unchanged", {"headers": {"If-None-Match": '"tea"'}}, 304),
    "412 of a website": ("/site/unchanged", {"headers": {"If-Match": '"coffee"', "Accept": "text/html"}}, 412),
    "streaming response": ("/site/streamed", {}, 200),
    "file": ("/site/download", {}, 200),
    "static file": ("/static/admin/css/base.css", {}, 200),
    "static file that is not there": ("/static/nothing.css", {}, 404),
    "404 of a website": ("/site/nowhere", {"headers": {"Accept": "text/html"}}, 404),
    "error page of a website": ("/site/own-error", {}, 410),
    "preflight": (
        "/api/drf",
        {"headers": {"Origin": "https://client.example", "Access-Control-Request-Method": "GET"}},
        200,
    ),
}
METHODS = {"201 of a DRF view": "post", "preflight": "options"}


def answer(client, path, arguments, method="get"):
    method = getattr(client, method)
    call = async_to_sync(method) if isinstance(client, AsyncClient) else method
    response = call(path, **arguments)
    headers = {key: "(now)" if key in CLOCK else value for key, value in response.headers.items()}
    cookies = {
        key: "(token)" if key == "csrftoken" else cookie.OutputString() for key, cookie in response.cookies.items()
    }
    return response.status_code, headers, cookies, TOKEN.sub(b"(token)", response.getvalue())


@pytest.fixture(params=[Client, AsyncClient], ids=["sync", "async"])
def client_class(request):
    return request.param


@pytest.mark.parametrize("name", ANSWERS)
def test_an_idle_middleware_changes_nothing(name, client_class, bare):
    path, arguments, status = ANSWERS[name]
    method = METHODS.get(name, "get")
    with_it = answer(client_class(), path, arguments, method)
    assert with_it[0] == status
    bare()
    assert with_it == answer(client_class(), path, arguments, method)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/admin/", "/admin/auth/user/", "/admin/auth/user/add/"])
def test_an_idle_middleware_changes_no_page_of_the_admin(path, client_class, bare):
    client = client_class()
    client.force_login(User.objects.create_superuser("ana"))
    with_it = answer(client, path, {})
    assert with_it[0] == 200
    bare()
    assert with_it == answer(client, path, {})
