"""What is optional is optional: everything works without a client of any store, and without drf-spectacular."""

import subprocess
import sys
import tomllib
from pathlib import Path

#: An import of these fails in the process, whether they are installed or not.
WITHOUT = """
import sys
sys.modules |= dict.fromkeys(["django_redis", "redis", "pymemcache", "drf_spectacular"])
import django
from django.conf import settings
import settings as of_tests
given = {name: value for name, value in vars(of_tests).items() if name.isupper()}
policies = {"ip": {"key": "ip", "rate": "1/d"}}
settings.configure(**{**given, "APIERRORS": {"RATELIMIT": {"POLICIES": policies, "GLOBAL": ["ip"]}}})
django.setup()
import importlib, pkgutil
import django_apierrors
from django.core.management import call_command
from django.test import Client
call_command("check")
statuses = [Client().get("/api/plain/fine").status_code for _ in range(2)]
print(sorted(name for name in sys.modules if name.startswith(("django_apierrors.contr", "django_apierrors.openapi"))))
for module in pkgutil.walk_packages(django_apierrors.__path__, "django_apierrors."):
    if ".migrations" not in module.name and module.name != "django_apierrors.contrib.spectacular":
        importlib.import_module(module.name)
print(statuses)
"""


def test_every_module_and_a_limit_work_without_the_client_of_any_store():
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT], cwd=Path(__file__).parent, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    # What describes the API is imported by nothing else.
    assert done.stdout.splitlines()[-2:] == ["[]", "[200, 429]"]


def test_the_package_needs_no_more_than_three_others():
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())["project"]
    assert len(project["dependencies"]) == 3
