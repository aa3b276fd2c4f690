"""The example project does what it prints: checked from outside, as a stranger meets it."""

import argparse
import html
import http.client
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import time
import uuid
from contextlib import contextmanager
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlencode, urlsplit

import pytest
from support.services import missing

EXAMPLE = Path(__file__).resolve().parent.parent / "example_project"
MANAGE = [sys.executable, "-W", "error", str(EXAMPLE / "manage.py")]
WITH_KEY = {"Authorization": "Bearer demo-key"}


def environment(**more):
    inherited = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    return {**inherited, "PYTHONDONTWRITEBYTECODE": "1", **{name: str(value) for name, value in more.items()}}


def manage(*args, **env):
    return subprocess.run(
        [*MANAGE, *args], env=environment(**env), capture_output=True, text=True, timeout=120, check=False
    )


@contextmanager
def demo(database):
    """Serve the example project on a free port; yield what it prints and its address."""
    log = database.with_name(f"{uuid.uuid4().hex}.log")
    with (
        log.open("w") as stderr,
        subprocess.Popen(
            [*MANAGE, "demo", "--port", "0"],
            env=environment(EXAMPLE_DATABASE=database),
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as process,
    ):
        try:
            printed = ""
            for line in process.stdout:
                printed += line
                if line.startswith("Stop with"):
                    break
            else:
                pytest.fail(f"The demo did not start:\n{log.read_text()}")
            yield SimpleNamespace(printed=printed, base=re.search(r"http://[\d.:]+", printed)[0], log=log)
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    return tmp_path_factory.mktemp("example") / "db.sqlite3"


@pytest.fixture(scope="module")
def site(database):
    with demo(database) as running:
        yield running


def send(site, path, method="GET", data=None, headers=()):
    connection = http.client.HTTPConnection(urlsplit(site.base).netloc, timeout=60)
    try:
        connection.request(method, path, data, {"Accept": "*/*", **dict(headers)})
        response = connection.getresponse()
        return SimpleNamespace(status=response.status, headers=response.headers, text=response.read().decode())
    finally:
        connection.close()


def send_curl(site, line):
    """Send what a line with curl would send."""
    curl = argparse.ArgumentParser(prog="curl")
    curl.add_argument("-i", action="store_true", required=True)
    curl.add_argument("-X", dest="method")
    curl.add_argument("-H", dest="headers", action="append", default=[])
    curl.add_argument("-d", dest="data")
    curl.add_argument("url")
    name, *words = shlex.split(line)
    assert name == "curl"
    args = curl.parse_args(words)
    assert args.url.startswith(site.base)
    method = args.method or ("GET" if args.data is None else "POST")
    headers = (header.split(": ", 1) for header in args.headers)
    return send(site, args.url.removeprefix(site.base), method, args.data, headers)


def transfer(site, amount, key):
    items = [{"description": "Table", "amount": amount}]
    data = {"source": "ACC-1001", "target": "ACC-2001", "reference": "Invoice 18", "items": items}
    headers = {**WITH_KEY, "Content-Type": "application/json", "Idempotency-Key": key}
    return send(site, "/api/v1/transfers/", "POST", json.dumps(data), headers)


def balance(site):
    return json.loads(send(site, "/api/v1/accounts/ACC-1001/", headers=WITH_KEY).text)["balance"]


def assert_printed_lines_answer_as_printed(site):
    lines = re.findall(r"\((\d{3}) ([A-Z_]+)\)\n +(curl .*)", site.printed)
    assert len(lines) == 6
    for status, code, line in lines:
        answer = send_curl(site, line)
        assert (line, answer.status, answer.headers["X-Error-Code"]) == (line, int(status), code)
        assert json.loads(answer.text)["error"]["code"] == code


@pytest.mark.parametrize("command", [("check", "--fail-level", "INFO"), ("makemigrations", "--check", "--dry-run")])
def test_the_project_is_in_order(command, tmp_path):
    done = manage(*command, EXAMPLE_DATABASE=tmp_path / "db.sqlite3")

    assert (done.returncode, done.stderr) == (0, "")


def test_once_shows_all_answers_and_leaves_nothing_behind(tmp_path):
    before = sorted(EXAMPLE.rglob("*"))

    done = manage("demo", "--once", TMPDIR=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert re.findall(r"^HTTP/1.1 (\d+)", done.stdout, re.M) == [
        *("401", "400", "400", "422", "404", "500", "429"),
        *("503", "202", "200"),
    ]
    assert len(re.findall(r"^\$ curl -i ", done.stdout, re.M)) == 10
    limited = done.stdout.partition("HTTP/1.1 429")[2]
    wait = re.match(r'.*\n(?:.+\n)*Retry-After: (\d+)\n(?:.+\n)*RateLimit: .*"payees";r=0;t=(\d+)', limited)
    assert 1 <= int(wait[1]) == int(wait[2]) <= 60
    paused = done.stdout.partition("$ manage.py maintenance on ")[2].partition("$ manage.py maintenance off")[0]
    assert re.search(r"^HTTP/1.1 503 .*\n(?:.+\n)*Retry-After: (300|29\d)\n", paused, re.M)
    assert '"code": "MAINTENANCE"' in paused
    assert done.stdout.endswith("All 10 answers are as they should be.\n")
    assert sorted(EXAMPLE.rglob("*")) == before
    assert list(tmp_path.iterdir()) == []


@pytest.mark.exhaustive
def test_once_fails_when_an_answer_is_not_what_it_should_be(tmp_path):
    (tmp_path / "changed.py").write_text(
        'from settings import *\nAPIERRORS["EXCEPTIONS"] = {"builtins.RuntimeError": "BAD_GATEWAY"}\n'
    )

    done = manage("demo", "--once", DJANGO_SETTINGS_MODULE="changed", PYTHONPATH=tmp_path)

    assert done.returncode == 1
    assert "status is 502 and should be 500" in done.stdout
    assert "1 of 10 answers differ: An unexpected failure." in done.stderr


@pytest.mark.exhaustive
def test_once_fails_when_maintenance_refuses_nothing(tmp_path):
    (tmp_path / "forced.py").write_text('from settings import *\nAPIERRORS["MAINTENANCE"] = {"FORCE": False}\n')

    done = manage("demo", "--once", DJANGO_SETTINGS_MODULE="forced", PYTHONPATH=tmp_path)

    assert done.returncode == 1
    assert "status is 200 and should be 503" in done.stdout
    assert "1 of 10 answers differ: Any address of the API." in done.stderr


@pytest.mark.exhaustive
def test_a_port_that_is_taken_is_named_before_anything_is_done(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = manage("demo", "--port", port, EXAMPLE_DATABASE=tmp_path / "db.sqlite3")

    assert done.returncode == 1
    assert port in done.stderr
    assert "--port" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.exhaustive
def test_the_printed_lines_answer_as_printed_also_in_a_second_run(site, database):
    assert_printed_lines_answer_as_printed(site)
    with demo(database) as second:
        assert_printed_lines_answer_as_printed(second)


def test_every_request_of_the_home_page_is_answered_as_it_says(site):
    page = html.unescape(send(site, "/", headers={"Accept": "text/html"}).text)
    tries = re.findall(r'"answer">(\d{3}) ([A-Z_]+)(?: at the (\d)th time)?</span></h3>\s*<pre>(curl .*)</pre>', page)
    assert len(tries) >= 20
    for status, code, times, line in tries:
        answers = [send_curl(site, line) for _ in range(int(times or 1))]
        while times and answers[-1].status == 200 and len(answers) < 2 * int(times) - 1:
            answers.append(send_curl(site, line))  # a new minute has begun in between
        seen = [(answer.status, answer.headers["X-Error-Code"]) for answer in answers]
        assert (line, seen[-1]) == (line, (int(status), code))
        assert (int(status), code) not in seen[:-1]
        media_type = "application/problem+json" if "/api/v2/" in line else "application/json"
        assert answers[-1].headers.get_content_type() == media_type
        assert ("Retry-After" in answers[-1].headers) == (status == "429")


@pytest.mark.parametrize(
    ("size", "status", "code"), [(64_000, 201, None), (64_001, 413, "PAYLOAD_TOO_LARGE"), (0, 400, "VALIDATION_FAILED")]
)
def test_a_receipt_is_taken_up_to_its_size(site, size, status, code):
    disposition = 'form-data; name="file"; filename="receipt.pdf"'
    data = f"--b\r\nContent-Disposition: {disposition}\r\n\r\n{'x' * size}\r\n--b--\r\n"
    headers = {**WITH_KEY, "Content-Type": "multipart/form-data; boundary=b"}

    answer = send(site, "/api/v1/transfers/1/receipt/", "POST", data, headers)

    assert (answer.status, answer.headers["X-Error-Code"]) == (status, code)


@contextmanager
def maintenance(site, database, *arguments):
    """Switch maintenance on by the printed line, with more options, and off by the other."""
    on, off = re.findall(r"^ +(\S+ \S*manage\.py maintenance .*)$", site.printed, re.M)
    assert off.endswith(" maintenance off")
    switch(f"{on} {shlex.join(arguments)}", database)
    try:
        # Another process: it follows within REFRESH_SECONDS.
        wait_for(site, 503)
        yield
    finally:
        switch(off, database)
    wait_for(site, 200)


def switch(line, database):
    done = subprocess.run(
        shlex.split(line), env=environment(EXAMPLE_DATABASE=database), capture_output=True, text=True, timeout=120
    )
    assert (line, done.returncode) == (line, 0)


def wait_for(site, status):
    patience = time.monotonic() + 30
    while send(site, "/api/v1/accounts/", headers=WITH_KEY).status != status:
        assert time.monotonic() < patience
        time.sleep(0.1)


@pytest.mark.exhaustive
def test_the_printed_lines_pause_the_api_and_open_it_again(site, database):
    with maintenance(site, database):
        answer = send(site, "/api/v2/accounts/", headers=WITH_KEY)
        assert (answer.status, answer.headers["X-Error-Code"]) == (503, "MAINTENANCE")
        assert answer.headers.get_content_type() == "application/problem+json"
        assert 200 <= int(answer.headers["Retry-After"]) <= 300
        page = send(site, "/", headers={"Accept": "text/html"})
        assert (page.status, page.headers.get_content_type()) == (503, "text/html")
        assert send(site, "/admin/login/").status == 200
        assert "Maintenance is on." in send(site, "/errors/").text


@pytest.mark.exhaustive
def test_during_maintenance_the_home_page_says_so_and_the_webhook_goes_on_as_it_says(site, database):
    assert 'role="status"' not in send(site, "/").text
    with maintenance(site, database, "--path", "/api/v1", "--message", "Counting the money."):
        page = html.unescape(send(site, "/", headers={"Accept": "text/html"}).text)
        notice = page.partition('role="status">')[2].partition("</div>")[0]
        assert "Maintenance is on." in notice
        assert "Counting the money." in notice
        line = re.search(r"the webhook of the bank goes on:</p>\s*<pre>(curl .*)</pre>", page)[1]
        answer = send_curl(site, line)
        assert (answer.status, json.loads(answer.text)) == (202, {"reference": "Invoice 17"})
        assert send(site, "/api/v2/accounts/", headers=WITH_KEY).status == 200
    assert 'role="status"' not in send(site, "/").text


def test_the_webhook_is_for_the_bank_alone_and_says_what_is_wrong(site):
    nobody = send(site, "/api/v1/webhooks/settlements/", "POST", "{}", {"Content-Type": "application/json"})
    wrong = send(site, "/api/v1/webhooks/settlements/", "POST", "{}", {**WITH_KEY, "Content-Type": "application/json"})

    assert (nobody.status, nobody.headers["X-Error-Code"]) == (401, "AUTH_KEY_NOT_FOUND")
    assert (wrong.status, wrong.headers["X-Error-Code"]) == (400, "PARAM_NOT_FOUND")


def test_a_retry_with_the_same_key_moves_money_once(site):
    before = Decimal(balance(site))

    first, again, other = (transfer(site, amount, "invoice-18") for amount in ("1.50", "1.50", "2.50"))

    assert (first.status, again.status, other.status) == (201, 200, 422)
    assert first.text == again.text
    assert other.headers["X-Error-Code"] == "IDEMPOTENCY_KEY_REUSED"
    assert Decimal(balance(site)) == before - Decimal("1.50")


def test_a_transfer_that_fails_moves_nothing(site):
    before = balance(site)

    assert transfer(site, "250.00", "too-much").status == 422

    assert balance(site) == before


@pytest.mark.parametrize("path", ["/api/v1/", "/api/v1/accounts/", "/api/v1/transfers/", "/api/v2/transfers/1/"])
def test_the_browsable_api_shows_pages(site, path):
    answer = send(site, path, headers={**WITH_KEY, "Accept": "text/html"})

    assert answer.status == 200
    assert answer.headers.get_content_type() == "text/html"


def test_the_browsable_api_shows_errors(site):
    answer = send(site, "/api/v2/accounts/ACC-9/", headers={**WITH_KEY, "Accept": "text/html"})

    assert (answer.status, answer.headers["X-Error-Code"]) == (404, "RESOURCE_NOT_FOUND")
    assert answer.headers.get_content_type() == "text/html"
    assert "urn:uuid:" in answer.text


def test_the_website_keeps_its_own_errors_and_finds_its_css(site):
    missing = send(site, "/nowhere/")

    assert (missing.status, missing.headers.get_content_type()) == (404, "text/html")
    assert "X-Error-Code" not in missing.headers
    for sheet in ("admin/css/base.css", "rest_framework/css/default.css"):
        assert send(site, f"/static/{sheet}").status == 200


def logged_in(site):
    """Log in to the admin with the printed password, and return the answer."""
    user, password = re.search(r"user (\S+), password (\S+)", site.printed).groups()
    token = re.search(r"csrftoken=(\w+)", send(site, "/admin/login/").headers["Set-Cookie"])[1]
    form = urlencode({"username": user, "password": password, "csrfmiddlewaretoken": token})
    headers = {"Cookie": f"csrftoken={token}", "Content-Type": "application/x-www-form-urlencoded"}

    return send(site, "/admin/login/?next=/admin/", "POST", form, headers)


def test_the_printed_password_opens_the_admin_where_the_switch_is(site):
    answer = logged_in(site)

    assert (answer.status, answer.headers["Location"]) == (302, "/admin/")
    session = re.search(r"sessionid=\w+", str(answer.headers))[0]
    switch = "/admin/django_apierrors/maintenancewindow/"
    assert f'href="{switch}"' in send(site, "/admin/", headers={"Cookie": session}).text
    page = send(site, switch, headers={"Cookie": session})
    assert (page.status, "Maintenance is off" in page.text) == (200, True)


def test_the_request_id_of_an_answer_leads_to_the_log(site):
    request_id = send(site, "/api/v1/failure/").headers["X-Request-ID"]

    log = site.log.read_text()
    assert log.count(f"[{request_id}] INTERNAL_SERVER_ERROR") == 1
    assert "swordfish" in log


# OAuth 2

CLIENT = {"client_id": "demo-app", "client_secret": "demo-secret", "grant_type": "client_credentials"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
WITHOUT_OAUTH = f"""
import sys
sys.modules["oauth2_provider"] = None
sys.path.insert(0, {str(EXAMPLE)!r})
from django.core.management import execute_from_command_line
execute_from_command_line(["manage.py", "demo", "--once"])
"""


@pytest.fixture
def oauth_site(site):
    if find_spec("oauth2_provider") is None:
        missing("django-oauth-toolkit is not installed")
    return site


def token(site, **form):
    return send(site, "/oauth/token/", "POST", urlencode({**CLIENT, **form}), FORM)


@pytest.mark.services
def test_a_client_of_oauth_gets_a_token_that_opens_the_api(oauth_site):
    granted = json.loads(token(oauth_site).text)
    for scope, status in ((granted["scope"], 200), ("transfers:write", 403)):
        issued = json.loads(token(oauth_site, scope=scope).text)["access_token"]
        assert send(oauth_site, "/api/v1/app/accounts/", headers={"Authorization": f"Bearer {issued}"}).status == status


@pytest.mark.services
def test_the_oauth_server_answers_as_rfc_6749_says(oauth_site):
    wrong = token(oauth_site, client_secret="guessed")
    assert (wrong.status, wrong.headers["WWW-Authenticate"]) == (401, 'Bearer realm="payments"')
    assert json.loads(wrong.text)["error"] == "invalid_client"
    # The toolkit's own words, byte for byte.
    assert token(oauth_site, scope="everything").text == '{"error": "invalid_scope"}'
    method = send(oauth_site, "/oauth/token/")
    assert (method.status, method.headers["Allow"]) == (405, "POST, OPTIONS")
    assert json.loads(method.text)["error"] == "invalid_request"


@pytest.mark.services
def test_the_authorization_endpoint_asks_people_to_log_in(oauth_site):
    answer = send(oauth_site, "/oauth/authorize/?client_id=demo-app", headers={"Accept": "text/html"})
    assert answer.status == 302
    login = answer.headers["Location"]
    assert login.startswith("/api-auth/login/?next=/oauth/authorize/")
    assert send(oauth_site, login, headers={"Accept": "text/html"}).status == 200


@pytest.mark.services
def test_the_requests_of_the_home_page_reach_the_oauth_server(oauth_site):
    page = html.unescape(send(oauth_site, "/", headers={"Accept": "text/html"}).text)
    tries = re.findall(r'OAuth 2: .*"answer">(\d{3}) (\w+)</span></h3>\s*<pre>(curl .*)</pre>', page)
    assert len(tries) == 3
    for status, code, line in tries:
        answer = send_curl(oauth_site, line)
        assert (line, answer.status, answer.headers["X-Error-Code"]) == (line, int(status), code)


@pytest.mark.exhaustive
def test_the_example_works_without_the_oauth_toolkit():
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT_OAUTH],
        env=environment(DJANGO_SETTINGS_MODULE="settings"),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
