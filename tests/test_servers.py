"""Doors that only a real server has: what arrives broken, and what leaves as bytes."""

import contextlib
import json
import socket
import struct

import pytest
from support.live_servers import COMMANDS, running

REQUEST_ID = "5e1f0a9c-2b7d-4c63-8f10-9d4b6a7e3c21"
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module", params=COMMANDS)
def server(request):
    with running(request.param) as started:
        yield started


@pytest.fixture
def connection(server):
    with contextlib.closing(server.connect()) as opened:
        yield opened


def ask(connection, method, path, body=None, headers=None):
    # A server may answer, and close, before it has read all of a body that it does not want.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.request(method, path, body, {"X-Request-ID": REQUEST_ID, **(headers or {})})
    response = connection.getresponse()
    return response, response.read()


def assert_error(response, body, code, status):
    assert (response.status, response.headers["X-Error-Code"]) == (status, code)
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers.get_all("Content-Length") == [str(len(body))]
    error = json.loads(body)["error"]
    assert (error["code"], error["httpCode"]) == (code, status)


def read_to_end(opened):
    return b"".join(iter(lambda: opened.recv(65536), b""))


@pytest.mark.parametrize(
    ("path", "code", "status"),
    [
        ("/api/nowhere", "ENDPOINT_NOT_FOUND", 404),
        ("/api/private", "AUTH_KEY_NOT_FOUND", 401),
        ("/api/drf/insufficient-balance", "INSUFFICIENT_BALANCE", 422),
        ("/api/async/insufficient-balance", "INSUFFICIENT_BALANCE", 422),
        ("/api/plain/unhandled", "INTERNAL_SERVER_ERROR", 500),
        ("/api/async/unhandled", "INTERNAL_SERVER_ERROR", 500),
        ("/api/drf/unhandled", "INTERNAL_SERVER_ERROR", 500),
        ("/api/plain/streamed-error", "BAD_GATEWAY", 502),
    ],
)
def test_an_error_is_structured_and_the_connection_goes_on(connection, path, code, status):
    response, body = ask(connection, "GET", path)
    assert_error(response, body, code, status)
    assert response.headers["X-Request-ID"] == REQUEST_ID
    assert "Transfer-Encoding" not in response.headers
    # A body longer or shorter than announced would be read as part of this answer.
    response, body = ask(connection, "GET", "/api/plain/fine")
    assert (response.status, body) == (200, b"fine")


def test_rewritten_errors_share_one_connection(server, connection):
    if server.name == "gunicorn":
        pytest.skip("its sync worker closes each connection")
    opened = None
    for path in ("/api/plain/unhandled", "/api/plain/streamed-error", "/api/nowhere", "/api/drf/order"):
        response, body = ask(connection, "GET", path)
        assert response.headers["Content-Length"] == str(len(body))
        opened = opened or connection.sock
        assert connection.sock is opened


@pytest.mark.parametrize("path", ["/api/nowhere", "/api/private", "/api/plain/unhandled", "/api/plain/streamed-error"])
def test_the_error_of_a_head_request_has_headers_and_no_body(server, connection, path):
    get, body = ask(connection, "GET", path)
    with contextlib.closing(server.raw()) as raw:
        request = f"HEAD {path} HTTP/1.1\r\nHost: localhost\r\nX-Request-ID: {REQUEST_ID}\r\nConnection: close\r\n\r\n"
        raw.sendall(request.encode())
        head, _, rest = read_to_end(raw).partition(b"\r\n\r\n")
    assert rest == b""
    lines = head.decode().lower().split("\r\n")
    assert f" {get.status} " in lines[0]
    assert f"x-error-code: {get.headers['X-Error-Code'].lower()}" in lines
    assert f"content-length: {len(body)}" in lines


def test_an_unknown_host_is_the_clients_fault(connection):
    response, body = ask(connection, "GET", "/api/plain/fine", headers={"Host": "evil.example"})
    assert_error(response, body, "INVALID_REQUEST", 400)
    assert b"evil.example" not in body


def test_an_oversized_form_is_too_large(connection):
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": "csrftoken=" + "a" * 32}
    response, body = ask(connection, "POST", "/api/plain/form", b"a=" + b"x" * 2_700_000, headers)
    assert_error(response, body, "PAYLOAD_TOO_LARGE", 413)


def test_a_form_without_a_csrf_token_is_refused(connection):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    response, body = ask(connection, "POST", "/api/plain/form", b"a=1", headers)
    assert_error(response, body, "CSRF_FAILED", 403)


def test_broken_json_is_malformed(connection):
    response, body = ask(connection, "POST", "/api/drf/order", b'{"customer": ', JSON)
    assert_error(response, body, "REQUEST_MALFORMED", 400)


def test_nesting_deeper_than_the_parser_is_malformed(connection):
    response, body = ask(connection, "POST", "/api/drf/order", b"[" * 200_000, JSON)
    assert_error(response, body, "REQUEST_MALFORMED", 400)


BREAKS_OFF = {
    "broken chunk": (["Transfer-Encoding: chunked"], b'5\r\n{"cus\r\nZZ\r\n'),
    "chunks without an end": (["Transfer-Encoding: chunked"], b'5\r\n{"cus\r\n'),
    "less than announced": (["Content-Length: 100"], b'{"cus'),
}


def break_off(raw, name):
    head, body = BREAKS_OFF[name]
    lines = ["POST /api/orders HTTP/1.1", "Host: localhost", "Content-Type: application/json", *head]
    raw.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def assert_unharmed(server, connection):
    response, body = ask(connection, "GET", "/api/plain/fine")
    assert (response.status, body) == (200, b"fine")
    # Django logs nothing to the console without DEBUG: this would be the server's own alarm.
    assert "Traceback" not in server.log()


@pytest.mark.parametrize("name", BREAKS_OFF)
def test_a_body_that_breaks_off_is_the_clients_fault(server, connection, name):
    with contextlib.closing(server.raw()) as raw:
        break_off(raw, name)
        raw.shutdown(socket.SHUT_WR)
        answer = read_to_end(raw)
    # uvicorn answers a broken chunk itself and drops a client that has stopped sending.
    if server.name.startswith("gunicorn") or name == "broken chunk":
        assert answer.startswith(b"HTTP/1.1 400 ")
    if server.name.startswith("gunicorn"):
        # Django takes chunks for an empty body under WSGI.
        code = b"REQUEST_MALFORMED" if name == "less than announced" else b"PARAM_NOT_FOUND"
        assert b"\r\nX-Error-Code: " + code + b"\r\n" in answer
    assert_unharmed(server, connection)


@pytest.mark.parametrize("name", BREAKS_OFF)
def test_a_client_that_vanishes_while_it_sends_does_no_harm(server, connection, name):
    raw = server.raw()
    break_off(raw, name)
    vanish(raw)
    assert_unharmed(server, connection)


@pytest.mark.parametrize("path", ["/api/async/unhandled", "/api/plain/streamed-error", "/api/drf/throttled"])
def test_a_client_that_does_not_wait_for_its_error_does_no_harm(server, connection, path):
    raw = server.raw()
    raw.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    vanish(raw)
    assert_unharmed(server, connection)


def vanish(raw):
    """Close a connection by a reset, as a client that is killed does."""
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raw.close()
