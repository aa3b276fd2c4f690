"""Requests that schemathesis makes of the schema, sent to the live example project: every answer is as documented."""

import copy
import json
import re
import sys

import pytest
from processes import EXAMPLE, run, served

KEY = ("--header", "Authorization: Bearer demo-key")
CHECKS = ("status_code_conformance", "content_type_conformance", "response_headers_conformance")
CHECKS += ("response_schema_conformance",)
FAILURE = "/failure/"


@pytest.fixture(scope="module")
def server(folder):
    with served(folder) as running:
        yield running


def prove(base, schema, *options, examples=10, checks=CHECKS):
    """Let schemathesis send requests; return its exit status, the number of requests, and what it printed."""
    command = (sys.executable, "-m", "schemathesis.cli", "run", schema, "--url", base, "--checks", ",".join(checks))
    command += ("--phases", "coverage,fuzzing", "--max-examples", examples, "--warnings", "off", "--seed", "1")
    options = ("--generation-database", "none", "--continue-on-failure", *options)
    status, printed = run(*command, *options, cwd=schema.parent)  # where it keeps what has failed
    generated = re.search(r"(\d+) generated", printed)
    return status, int(generated[1]) if generated else 0, printed


def assert_as_documented(proved, least):
    status, requests, printed = proved
    assert status == 0, printed
    assert requests >= least, printed


@pytest.mark.parametrize("credentials", [KEY, ()], ids=["with a key", "without"])
def test_every_answer_is_documented_and_none_is_a_server_error(server, closed_path, credentials):
    checks = (*CHECKS, "not_a_server_error")
    options = (*credentials, "--exclude-path-regex", FAILURE)
    assert_as_documented(prove(server[0], closed_path, *options, checks=checks), 400)


def test_the_deliberate_failure_is_documented(server, closed_path):
    assert_as_documented(prove(server[0], closed_path, *KEY, "--include-path-regex", FAILURE), 2)


def test_answers_over_a_limit_are_documented(folder, closed_path):
    with served(folder, EXAMPLE_RATE="1/h") as (base, _):
        assert_as_documented(prove(base, closed_path, *KEY, examples=2), 100)


def test_answers_during_maintenance_are_documented(server, closed_path):
    base, env = server
    for kind in ((), ("--read-only",)):
        assert run(sys.executable, EXAMPLE / "manage.py", "maintenance", "on", *kind, env=env)[0] == 0
        try:
            assert_as_documented(prove(base, closed_path, *KEY, examples=2), 100)
        finally:
            assert run(sys.executable, EXAMPLE / "manage.py", "maintenance", "off", env=env)[0] == 0


def test_a_code_that_is_missing_from_one_enum_is_found(server, closed, folder):
    changed = copy.deepcopy(closed)
    changed["components"]["schemas"]["Nested401Code"]["enum"].remove("AUTH_KEY_NOT_FOUND")
    path = folder / "without_a_code.json"
    path.write_text(json.dumps(changed))
    status, _, printed = prove(server[0], path, "--include-path", "/api/v1/accounts/", examples=2)
    assert status == 1
    assert '"AUTH_KEY_NOT_FOUND" is not' in printed
