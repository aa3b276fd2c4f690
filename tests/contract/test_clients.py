"""Clients that are generated from the schema of the example project: in TypeScript and in Python."""

import json
import sys

import pytest
from processes import run

STRICT = ("--strict", "--noEmit", "--skipLibCheck", "--target", "es2022", "--moduleResolution", "bundler")
STRICT += ("--module", "esnext", "--exactOptionalPropertyTypes")
BODY = "Nested422IdempotencyKeyReusedInsufficientBalance"
NARROWING = f"""
import type {{ components }} from "./closed";

type Failure = components["schemas"]["{BODY}"]["error"];

export function explain(error: Failure): string {{
  switch (error.code) {{
    case "INSUFFICIENT_BALANCE":
      return `short by ${{error.details?.required}}`;
    case "IDEMPOTENCY_KEY_REUSED":
      return error.message;
    default:
      const nothing: never = error;
      return nothing;
  }}
}}
"""
UNKNOWN = f"""
import type {{ components }} from "./open";

type Failure = components["schemas"]["{BODY}"]["error"];

export const tomorrow: Failure = {{ code: "A_CODE_OF_TOMORROW", httpCode: 422, message: "New.", details: {{ a: 1 }} }};
"""
PARSING = """
import httpx
from {package}.api.v1 import v1_transfers_create
from {package}.client import Client
from {package}.models import *

TRANSFER = {{"id": 1, "source": "A", "target": "B", "reference": "R", "total": "1.00", "receipt_sha256": "",
             "created_at": "2026-01-01T00:00:00Z"}}

def answer(code, details):
    error = {{"code": code, "httpCode": 422, "message": "No.", "details": details}}
    return httpx.MockTransport(lambda request: httpx.Response(422, json={{"error": error}}))

def parsed(code, details):
    client = Client("https://api.example.com", httpx_args={{"transport": answer(code, details)}})
    body = Transfer.from_dict({{**TRANSFER, "items": []}})
    return v1_transfers_create.sync_detailed(client=client, body=body).parsed.error

short = parsed("INSUFFICIENT_BALANCE", {{"required": "2.00", "available": "1.00"}})
print(type(short).__name__, str(short.code), short.details.required)
new = parsed("A_CODE_OF_TOMORROW", {{"more": 1}})
print(str(new.code), new.details["more"])
"""


@pytest.fixture(scope="module")
def types(node, closed_path, open_path):
    for name, path in (("closed", closed_path), ("open", open_path)):
        status, printed = run("node_modules/.bin/openapi-typescript", path, "-o", f"{name}.ts", cwd=node)
        assert status == 0, printed
    return node


def compiled(folder, program):
    (folder / "program.ts").write_text(program)
    return run("node_modules/.bin/tsc", *STRICT, "program.ts", cwd=folder)


def test_a_switch_over_the_code_narrows_the_details_and_is_exhaustive(types):
    assert compiled(types, NARROWING) == (0, "")


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ('case "INSUFFICIENT_BALANCE"', 'case "INSUFICIENT_BALANCE"', "INSUFICIENT_BALANCE"),
        ("error.details?.required", "error.details?.requested", "requested"),
        ('    case "IDEMPOTENCY_KEY_REUSED":\n      return error.message;\n', "", "never"),
    ],
    ids=["a code", "a member of details", "a code left out"],
)
def test_a_mistake_is_an_error_of_the_compiler_while_codes_are_closed(types, right, wrong, told):
    assert right in NARROWING
    status, printed = compiled(types, NARROWING.replace(right, wrong))
    assert status != 0
    assert told in printed


def test_a_code_of_tomorrow_is_taken_while_codes_are_open(types):
    assert compiled(types, UNKNOWN) == (0, "")
    status, printed = compiled(types, UNKNOWN.replace("./open", "./closed"))
    assert status != 0
    assert "A_CODE_OF_TOMORROW" in printed


@pytest.fixture(scope="module", params=["open", "closed"])
def package(request, folder, open_path, closed_path):
    """The name of a generated package."""
    name = f"payments_{request.param}"
    schema = json.loads({"open": open_path, "closed": closed_path}[request.param].read_text())
    for operation in (operation for path in schema["paths"].values() for operation in path.values()):
        # The generator forgets an import for bodies of several types.
        content = operation.get("requestBody", {"content": {}})["content"]
        for media_type in list(content)[1:]:
            del content[media_type]
    path = folder / f"{name}.json"
    path.write_text(json.dumps(schema))
    (folder / "client.yaml").write_text(f"package_name_override: {name}\npost_hooks: []\n")
    command = ("generate", "--path", path, "--config", "client.yaml", "--meta", "none", "--output-path", name)
    status, printed = run(sys.executable, "-m", "openapi_python_client", *command, "--overwrite", cwd=folder)
    assert status == 0, printed
    assert "WARNING" not in printed.upper(), printed
    return name


def test_the_python_client_parses_details_and_a_code_of_tomorrow_while_codes_are_open(folder, package):
    assert run(sys.executable, "-m", "compileall", "-q", package, cwd=folder) == (0, "")
    status, printed = run(sys.executable, "-c", PARSING.format(package=package), cwd=folder)
    assert "INSUFFICIENT_BALANCE 2.00" in printed
    if package == "payments_open":
        assert (status, "A_CODE_OF_TOMORROW 1" in printed) == (0, True), printed
    else:
        assert status != 0
        assert "A_CODE_OF_TOMORROW" in printed
