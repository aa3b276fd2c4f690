"""A program that lets a database refuse things through one driver, and prints what became of each request.

``python -m support.database_probe DRIVER URL`` prints a JSON object: name → [status, code, has Retry-After, signals of
a crash, warnings about values of clients]. With a further argument it reads names of actions, and answers each.
"""

import contextlib
import json
import logging
import sys

import django
from django.conf import settings
from django.core.signals import got_request_exception
from django.test import Client
from django.test.utils import override_settings

MARKERS = {
    "django_apierrors.exceptions.UniqueViolation": "RESOURCE_CONFLICT",
    "django_apierrors.exceptions.ForeignKeyViolation": "UNPROCESSABLE_REQUEST",
    "django_apierrors.exceptions.NotNullViolation": "BAD_GATEWAY",
    "django_apierrors.exceptions.CheckViolation": "PRECONDITION_FAILED",
    # Of all drivers; the markers say more.
    "django.db.IntegrityError": "GONE",
}
STRICT = "SET sql_mode='STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO'"


def configure(driver, url):
    """Set Django up with one driver, whatever else is installed."""
    if driver == "psycopg2":
        sys.modules["psycopg"] = None  # or Django takes that one
    elif driver == "pymysql":
        import pymysql

        pymysql.install_as_MySQLdb()
    from support.services import configuration

    options = {"OPTIONS": {"init_command": STRICT}} if driver in ("pymysql", "mysqlclient") else {}
    settings.configure(
        SECRET_KEY="probe",
        ROOT_URLCONF="support.refusal_urls",
        DATABASES={"default": configuration(url) | options},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "rest_framework", "django_apierrors"],
        MIDDLEWARE=["django_apierrors.middleware.ApiErrorMiddleware"],
        REST_FRAMEWORK={"EXCEPTION_HANDLER": "django_apierrors.handlers.exception_handler"},
        APIERRORS={"REFRESH_SECONDS": None},
        ALLOWED_HOSTS=["testserver"],
        USE_TZ=True,
    )
    django.setup()


class Records(logging.Handler):
    """Counts what is logged of values of clients."""

    count = 0

    def emit(self, record):
        self.count += bool(record.exc_info)


class Probe:
    """A client, and what it saw of the last request."""

    def __init__(self):
        self.client = Client(raise_request_exception=False)
        self.records, self.signals = Records(), []
        logger = logging.getLogger("django_apierrors.client_errors")
        logger.addHandler(self.records)
        logger.propagate = False
        logging.getLogger("django.request").disabled = True
        got_request_exception.connect(self.count)

    def count(self, **kwargs):
        self.signals.append(1)

    def ask(self, method, url, body="", **headers):
        connection = django.db.connection
        self.records.count = 0
        self.signals.clear()
        response = self.client.generic(method, url, body, content_type="application/json", **headers)
        if connection.connection is not None and connection.errors_occurred:
            with contextlib.suppress(django.db.Error):  # it may be closed
                connection.close()
            connection.connection = None
        has_wait = "Retry-After" in response
        code = response.get("X-Error-Code")
        return [response.status_code, code, has_wait, len(self.signals), self.records.count]

    def act(self, name):
        return self.ask("POST", f"/api/own/{name}", "{}")

    def run(self, lines):
        results = {name: self.ask("POST", "/api/items", body) for name, body in lines.BODIES.items()}
        lines.execute("DELETE FROM auth_item WHERE NOT (name IN ('first', 'second') OR name LIKE 'heavy%')")
        results |= {name: self.ask("GET", url) for name, url in lines.QUERIES.items()}
        # The user name has a NUL: a, NUL, b.
        results["credentials"] = self.ask("GET", "/api/credentials", HTTP_AUTHORIZATION="Basic YQBiOmM=")
        for name in lines.NAMED[django.db.connection.vendor]:
            results[name] = self.act(name)
            if name in lines.KINDS:
                with override_settings(APIERRORS={"EXCEPTIONS": MARKERS, "REFRESH_SECONDS": None}):
                    results[f"{name} by marker"] = self.act(name)
        return results


def main(driver, url, *is_asked):
    configure(driver, url)
    from support import refusal_urls

    refusal_urls.make_tables()
    probe = Probe()
    if is_asked:
        for line in sys.stdin:
            print(json.dumps(probe.act(line.strip())), flush=True)
    else:
        print(json.dumps(probe.run(refusal_urls)))


if __name__ == "__main__":
    main(*sys.argv[1:])
