"""``manage.py apierrors`` and ``manage.py maintenance`` as a shell runs them: output, errors and exit codes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from django_apierrors import codes

TESTS = Path(__file__).parent


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    """Run ``manage.py`` on a database of its own, and return exit code, output and errors."""
    folder = tmp_path_factory.mktemp("shell")
    (folder / "shell_settings.py").write_text(
        "import os\n"
        "from settings import *\n"
        'TIME_ZONE = "Europe/Berlin"\n'
        'DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["SHELL_DATABASE"]}}\n'
        'LOGGING = {"version": 1, "loggers": {"django_apierrors": {"level": "ERROR"}}}\n'
        'APIERRORS = {"FORMAT": os.environ.get("SHELL_FORMAT", "nested")}\n'
    )
    path = os.pathsep.join([str(folder), str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])])

    def manage(*arguments, database=folder / "db.sqlite3", **environment):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "django", *map(str, arguments)],
            env={
                **os.environ,
                "PYTHONPATH": path,
                "DJANGO_SETTINGS_MODULE": "shell_settings",
                "SHELL_DATABASE": str(database),
                **environment,
            },
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=120,
        )
        return done.returncode, done.stdout, done.stderr

    assert manage("migrate", "--verbosity=0")[0] == 0
    return manage


# manage.py apierrors


def test_a_shell_gets_the_output_and_exit_code_0(shell):
    code, out, err = shell("apierrors", "list", "--settings=shell_settings", "--no-color", "-v0")
    assert (code, err) == (0, "")
    assert {line.split()[0] for line in out.splitlines()} >= {definition.code for definition in codes.definitions()}


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["explain", "GON"], 1, "Did you mean GONE?"),
        (["import", "none.json"], 2, "none.json: cannot be read"),
        (["export", "--format=xml"], 2, "invalid choice: 'xml'"),
        ([], 2, "the following arguments are required: ACTION"),
    ],
)
def test_a_shell_gets_errors_apart_from_output_and_their_exit_code(shell, arguments, code, said):
    found, out, err = shell("apierrors", *arguments)
    assert (found, out) == (code, "")
    assert said in err


def test_a_shell_tells_what_is_out_of_step_by_exit_code_1(shell):
    program = "from django_apierrors.models import ErrorCode; ErrorCode.objects.filter(code='GONE').delete()"
    assert shell("shell", "--command", program)[0] == 0
    code, out, err = shell("apierrors", "sync", "--check")
    assert (code, out) == (1, "")
    assert err == "CommandError: 1 out of step:\nGONE: it has no row\n"
    assert shell("apierrors", "sync")[0] == 0
    assert shell("apierrors", "sync", "--check")[0] == 0


@pytest.mark.exhaustive
def test_a_shell_can_move_a_catalog_through_a_file(shell, tmp_path):
    code, out, _ = shell("apierrors", "export", "--format", "json")
    (tmp_path / "catalog.json").write_text(out)
    assert code == 0
    code, out, _ = shell("apierrors", "import", tmp_path / "catalog.json")
    assert code == 0
    assert "0 created, 0 changed" in out


@pytest.mark.exhaustive
def test_a_failed_import_or_a_dry_run_leaves_no_trace_in_a_database_of_its_own(shell, tmp_path):
    good = {"code": "NEW_CODE", "overrides": {"status": 400, "title": "x", "message": "x"}, "translations": {}}
    bad = {"code": "GONE", "overrides": {"status": 500}, "translations": {}}
    (tmp_path / "bad.json").write_text(json.dumps({"version": 1, "codes": [good, bad]}))
    (tmp_path / "good.json").write_text(json.dumps({"version": 1, "codes": [good]}))
    code, out, err = shell("apierrors", "import", tmp_path / "bad.json")
    assert (code, out) == (2, "")
    assert f"{tmp_path}/bad.json: codes[1] GONE: overrides.status: GONE is defined as 410" in err
    assert shell("apierrors", "import", tmp_path / "good.json", "--dry-run")[0] == 0
    assert "NEW_CODE" not in shell("apierrors", "list")[1]
    assert shell("apierrors", "import", tmp_path / "good.json")[0] == 0
    assert "NEW_CODE" in shell("apierrors", "list")[1]


@pytest.mark.exhaustive
def test_a_database_out_of_reach_or_not_migrated_is_exit_code_2(shell, tmp_path):
    code, out, err = shell("apierrors", "list", database=tmp_path / "nowhere" / "db.sqlite3")
    assert (code, out) == (2, "")
    assert err == "CommandError: The database 'default' cannot be read: unable to open database file\n"
    code, out, err = shell("apierrors", "sync", database=tmp_path / "empty.sqlite3")
    assert (code, out) == (2, "")
    assert "Run `manage.py migrate`." in err


@pytest.mark.exhaustive
def test_every_action_has_help(shell):
    code, out, _ = shell("apierrors", "--help")
    assert code == 0
    assert all(action in out for action in ("list", "explain", "export", "import", "sync", "static"))


# manage.py maintenance


def test_a_shell_switches_maintenance_and_goes_by_the_exit_codes(shell):
    assert shell("maintenance", "status", "--no-color", "-v0") == (0, "Maintenance is off.\n", "")
    code, out, err = shell("maintenance", "on", "--until", "2199-07-01T12:30", "--settings=shell_settings")
    assert (code, err) == (0, "")
    assert out.startswith("Turned on for everything until 2199-07-01 12:30:00 CEST.\n")
    code, out, err = shell("maintenance", "status", "--json", "--skip-checks")
    assert (code, err) == (3, "")
    assert json.loads(out)["ends_at"] == "2199-07-01T10:30:00Z"
    code, out, err = shell("maintenance", "off")
    assert (code, out.startswith("Turned off for "), err) == (0, True, "")
    assert shell("maintenance", "status")[0] == 0


@pytest.mark.exhaustive
def test_a_project_that_fails_its_checks_can_be_paused_all_the_same(shell):
    assert shell("check", SHELL_FORMAT="no-such-format")[0] == 1
    assert shell("maintenance", "on", SHELL_FORMAT="no-such-format")[0] == 0
    assert shell("maintenance", "off", SHELL_FORMAT="no-such-format")[0] == 0


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "required: ACTION"),
        (("pause",), "invalid choice"),
        (("on", "--for", "1h", "--until", "2199-07-01T12:30"), "not allowed with"),
        (("on", "--for", "soon", "--start", "2027-03-28T02:30"), "--for 'soon'"),
        (("off", "--json"), "unrecognized arguments"),
    ],
)
def test_a_shell_gets_what_is_wrong_apart_from_output_and_exit_code_2(shell, arguments, said):
    code, out, err = shell("maintenance", *arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


@pytest.mark.exhaustive
@pytest.mark.parametrize("action", ["on", "off", "status"])
def test_maintenance_needs_its_database_or_exits_with_2(shell, tmp_path, action):
    code, out, err = shell("maintenance", action, database=tmp_path / "nowhere" / "db.sqlite3")
    assert (code, out) == (2, "")
    assert err.startswith("CommandError: The database 'default' cannot be reached")
    code, out, err = shell("maintenance", action, database=tmp_path / "empty.sqlite3")
    assert (code, out) == (2, "")
    assert "Run `manage.py migrate`." in err


@pytest.mark.exhaustive
def test_every_action_of_maintenance_has_help(shell):
    assert "on" in shell("maintenance", "--help")[1]
    options = shell("maintenance", "on", "--help")[1]
    for option in ("--for", "--until", "--no-end", "--start", "--read-only", "--path", "--method", "--exempt"):
        assert option in options
    assert "exit code 0: off, 3: on, 2: not known" in " ".join(shell("maintenance", "status", "--help")[1].split())
