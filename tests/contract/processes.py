"""Processes with the example project: commands, its schema, its server."""

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
EXAMPLE = HERE.parents[1] / "example_project"


def environment(module, **more):
    """Return the variables of a process with one of the settings of the example project."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    path = [str(HERE), str(EXAMPLE), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **inherited,
        "DJANGO_SETTINGS_MODULE": module,
        "PYTHONPATH": os.pathsep.join(path),
        "PYTHONDONTWRITEBYTECODE": "1",
        **{name: str(value) for name, value in more.items()},
    }


def run(*command, **options):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=300, check=False, **options)
    return done.returncode, done.stdout + done.stderr


def schema_of_example(module, folder):
    """Write the schema of the example project, which must need no table and give no warning, and return its path."""
    path = folder / f"{module}.json"
    command = ("spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json", "--file", path)
    env = environment(module, EXAMPLE_DATABASE=folder / "never_made.sqlite3")
    status, printed = run(sys.executable, "-W", "error", EXAMPLE / "manage.py", *command, env=env)
    assert (status, printed) == (0, "")
    assert not (folder / "never_made.sqlite3").exists()
    return path


@contextmanager
def served(folder, **more):
    env = environment("example_closed", EXAMPLE_DATABASE=folder / f"{len(list(folder.iterdir()))}.sqlite3", **more)
    command = [sys.executable, "-W", "error", str(HERE / "serve.py")]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout.readline().strip(), env
        finally:
            process.terminate()
