"""What is optional is optional: everything works where no client of a store of counters is installed."""

import subprocess
import sys
from pathlib import Path

#: An import of these fails in the process, whether they are installed or not.
WITHOUT = """
import sys
sys.modules |= dict.fromkeys(["django_redis", "redis", "pymemcache"])
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
for module in pkgutil.walk_packages(django_apierrors.__path__, "django_apierrors."):
    if ".migrations" not in module.name:
        importlib.import_module(module.name)
call_command("check")
print([Client().get("/api/plain/fine").status_code for _ in range(2)])
"""


def test_every_module_and_a_limit_work_without_the_client_of_any_store():
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT], cwd=Path(__file__).parent, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[200, 429]"
