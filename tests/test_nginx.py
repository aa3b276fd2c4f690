"""Errors that a proxy makes itself: a real nginx with the generated snippet, before upstreams that fail."""

import contextlib
import json
import shutil
import socket
import subprocess
import threading
import time
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO

import pytest
from django.core.management import call_command
from support.services import missing

from django_apierrors import exceptions
from django_apierrors.exceptions import ApiError
from django_apierrors.formats import BUILTIN
from django_apierrors.models import ErrorCode

pytestmark = [pytest.mark.django_db, pytest.mark.services]

HOST = "127.0.0.1"
#: Where nginx meets an error of each status.
PATHS = {500: "/api/misconfigured", 502: "/api/dead/payments", 503: "/api/closed", 504: "/api/slow/payments"}
ERRORS = {
    500: ApiError("INTERNAL_SERVER_ERROR"),
    502: exceptions.BadGateway(),
    503: exceptions.ServiceUnavailable(),
    504: exceptions.GatewayTimeout(),
}
#: Headers that an answer of nginx and a live one share.
SHARED = (
    "Allow",
    "Cache-Control",
    "Content-Language",
    "Content-Length",
    "Content-Type",
    "ETag",
    "Last-Modified",
    "Link",
    "Pragma",
    "Retry-After",
    "X-Content-Type-Options",
    "X-Error-Code",
)

CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    default_type text/html;
    server {{
        listen {host}:{port};
        include "{bodies}/nginx-errors.conf";
        add_header X-Frame-Options DENY always;
        location /api/dead/ {{ proxy_pass http://{host}:{dead}; }}
        location /api/slow/ {{ proxy_pass http://{host}:{slow}; proxy_read_timeout 200ms; }}
        location /api/live/ {{ proxy_pass http://{host}:{live}; }}
        location /api/closed {{ return 503; }}
        location /api/misconfigured {{ proxy_pass $http_upstream; }}
        location /site/ {{ proxy_pass http://{host}:{dead}; error_page 502 /site.html; }}
        location = /site.html {{ internal; root {folder}; }}
        location / {{ return 200; }}
    }}
}}
"""


class Live(BaseHTTPRequestHandler):
    """An upstream that answers errors of its own."""

    def do_GET(self):
        body = b'{"error": "the upstream\'s own"}'
        self.send_response(502)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@contextlib.contextmanager
def live_upstream():
    with ThreadingHTTPServer((HOST, 0), Live) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield server.server_port
        finally:
            server.shutdown()


@pytest.fixture
def nginx(tmp_path):
    """Start nginx with the snippet that the command writes now, and return a function that asks it."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        missing("nginx is not installed")
    bodies = tmp_path / 'error "bodies"'
    (tmp_path / "site.html").write_text("<h1>Our website is down.</h1>")
    with contextlib.ExitStack() as stack:
        silent = stack.enter_context(socket.create_server((HOST, 0)))  # takes connections and says nothing
        # Bound and not listening: it stays free, and refuses.
        dead = stack.enter_context(contextlib.closing(socket.socket()))
        dead.bind((HOST, 0))
        live = stack.enter_context(live_upstream())

        def start(*arguments):
            call_command("apierrors", "static", str(bodies), *arguments, stdout=StringIO())
            with socket.create_server((HOST, 0)) as free:
                port = free.getsockname()[1]
            (tmp_path / "nginx.conf").write_text(
                CONFIGURATION.format(
                    folder=tmp_path,
                    host=HOST,
                    port=port,
                    bodies=str(bodies).replace('"', '\\"'),
                    dead=dead.getsockname()[1],
                    slow=silent.getsockname()[1],
                    live=live,
                )
            )
            command = [program, "-p", str(tmp_path), "-e", str(tmp_path / "log"), "-c", str(tmp_path / "nginx.conf")]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            stack.callback(stop, process)
            wait_for(process, port)
            return lambda *request, **more: ask(port, *request, **more)

        yield start


def stop(process):
    process.terminate()
    try:
        process.communicate(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def wait_for(process, port):
    patience = time.monotonic() + 30
    while time.monotonic() < patience and process.poll() is None:
        with contextlib.suppress(OSError):
            socket.create_connection((HOST, port), timeout=5).close()
            return
        time.sleep(0.02)
    process.kill()
    raise RuntimeError(f"nginx did not start: {process.communicate()[0].decode()}")


def ask(port, path, method="GET", **headers):
    with contextlib.closing(HTTPConnection(HOST, port, timeout=30)) as connection:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return response, response.read()


@pytest.mark.parametrize("format_", BUILTIN)
def test_an_error_of_nginx_is_as_the_api_writes_it_but_for_the_request_id(nginx, format_, api, set_view, settings):
    settings.APIERRORS = {"FORMAT": format_, "DOCS": {"BASE_URL": "https://api.example"}}
    ask = nginx()
    for status, path in PATHS.items():
        set_view(ERRORS[status])
        live = api.get("/api/plain")
        response, body = ask(path)
        expected = live.json()
        if format_ == "typed":
            expected["error"]["request_id"] = None
        if format_ == "problem":
            expected["request_id"] = None
            del expected["instance"]
        assert (response.status, live.status_code) == (status, status)
        assert json.loads(body) == expected
        shared = {name: live.headers.get(name) for name in SHARED} | {"Content-Length": str(len(body))}
        assert {name: response.headers[name] for name in SHARED} == shared
        assert response.headers["X-Request-ID"] is None


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("POST", {}),
        ("DELETE", {}),
        ("HEAD", {}),
        ("GET", {"If_None_Match": "*"}),
        ("GET", {"If_Modified_Since": "Fri, 01 Jan 2100 00:00:00 GMT"}),
        ("GET", {"Range": "bytes=0-4"}),
        ("GET", {"Accept_Encoding": "gzip"}),
    ],
    ids=str,
)
def test_whatever_was_asked_the_error_is_whole(nginx, method, headers):
    ask = nginx()
    _, whole = ask(PATHS[502])
    response, body = ask(PATHS[502], method, **headers)
    assert response.status == 502
    assert response.headers["X-Error-Code"] == "BAD_GATEWAY"
    assert response.headers["Content-Length"] == str(len(whole))
    assert body == (b"" if method == "HEAD" else whole)


def test_errors_of_the_upstream_and_pages_of_a_website_are_left_alone(nginx):
    ask = nginx()
    response, body = ask("/api/live/payments")
    assert (response.status, body) == (502, b'{"error": "the upstream\'s own"}')
    response, body = ask("/site/page")
    assert (response.status, body) == (502, b"<h1>Our website is down.</h1>")


def test_nobody_can_ask_for_the_bodies_themselves(nginx):
    response, body = nginx()("/_apierrors/502.json")
    assert response.status == 404
    assert b"BAD_GATEWAY" not in body


def test_the_words_of_the_team_arrive_whole(nginx):
    text = 'Ünser "Partner" \\ schläft; $uri kostet 5 $ {nichts} 🙂'
    ErrorCode.objects.filter(code="BAD_GATEWAY").update(
        message=text.replace("{nichts}", "{}"), doc_url="https://x.example/a"
    )
    response, body = nginx("--format", "typed")(PATHS[502])
    assert json.loads(body)["error"]["message"] == text.replace("{nichts}", "{}")
    assert response.headers["Link"] == '<https://x.example/a>; rel="help"'
