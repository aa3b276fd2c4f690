"""The proofs of the schema; they need what generates clients and requests from one, and Node.js."""

import json
import os
import shutil
from importlib.util import find_spec

import pytest
from processes import run, schema_of_example

NEEDED = ("drf_spectacular", "openapi_python_client", "schemathesis")
ABSENT = [name for name in NEEDED if find_spec(name) is None]
collect_ignore_glob = ["test_*.py"] if ABSENT and not os.environ.get("APIERRORS_REQUIRE_SERVICES") else []


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("contract")


@pytest.fixture(scope="session")
def closed_path(folder):
    return schema_of_example("example_closed", folder)


@pytest.fixture(scope="session")
def open_path(folder):
    return schema_of_example("settings", folder)


@pytest.fixture(scope="session")
def closed(closed_path):
    return json.loads(closed_path.read_text())


@pytest.fixture(scope="session")
def node(folder):
    """A folder with openapi-typescript and the compiler of TypeScript."""
    npm = shutil.which("npm")
    assert npm, "Node.js is not installed"
    status, printed = run(npm, "install", "--silent", "openapi-typescript@7", "typescript@5", cwd=folder)
    assert status == 0, printed
    return folder
