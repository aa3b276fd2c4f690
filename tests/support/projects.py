"""Projects that ``startproject`` makes: what adopt prints is done literally, and requests are sent before and after."""

import json
import os
import re
import subprocess
import sys

#: Sends requests to the project, and imports what a server would.
PROBE = """
import json, sys
import config.asgi, config.wsgi
from django.test import Client
client = Client(raise_request_exception=False)
def ask(method, path, headers, body=""):
    response = client.generic(method, path, body, content_type="application/json", headers=headers)
    kept = {name: value for name, value in response.headers.items() if name in ("Content-Type", "WWW-Authenticate", "X-Error-Code")}
    return [response.status_code, kept, response.content.decode()]
print(json.dumps([ask(*exchange) for exchange in json.loads(sys.argv[1])]))
"""  # noqa: E501
BASE = """
DEBUG = False
ALLOWED_HOSTS = ["testserver", "api.example.com"]
LOGGING_CONFIG = None
INSTALLED_APPS += ["rest_framework", "django_apierrors"]
"""
_BLOCK = re.compile(r"^Add at the end of (.*), or change what is there:\n\n((?:(?: {4}.*)?\n)+)", re.MULTILINE)


class Project:
    """A project in a folder, and commands in processes of their own."""

    def __init__(self, folder):
        self.folder = folder
        self.run("-m", "django", "startproject", "config", ".", DJANGO_SETTINGS_MODULE="")
        self.append("config/settings.py", BASE)

    def run(self, *arguments, **environment):
        done = subprocess.run(
            [sys.executable, "-W", "error", *arguments],
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", **environment},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def write(self, name, text):
        (self.folder / name).write_text(text)

    def append(self, name, text):
        path = self.folder / name
        path.write_text(f"{path.read_text()}\n{text}")

    def adopt(self):
        """Do what adopt prints, and return what it says of clients."""
        before = {path: path.read_bytes() for path in self.folder.rglob("*.py")}
        report = self.run("manage.py", "apierrors", "adopt")
        assert {path: path.read_bytes() for path in self.folder.rglob("*.py")} == before
        blocks = _BLOCK.findall(report)
        assert blocks
        for path, code in blocks:
            self.append(path, "\n".join(line.removeprefix("    ") for line in code.splitlines()))
        return report.partition("What clients will notice")[2]

    def check(self):
        self.run("manage.py", "check", "--fail-level", "WARNING")
        assert "Nothing is missing either" in self.run("manage.py", "apierrors", "adopt")

    def ask(self, *exchanges):
        """Send requests, each a method, a path, headers and maybe a body; return status, headers and body of each."""
        sent = [list(exchange) for exchange in exchanges]
        probe = f"import django; django.setup()\n{PROBE}"
        return [tuple(answer) for answer in json.loads(self.run("-c", probe, json.dumps(sent)))]
