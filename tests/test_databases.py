"""Projects whose tables of errors are in a database of their own, and projects without users."""

import os
import subprocess
import sys
import textwrap

import pytest

START = """
import sys, tempfile, types

import django
from django.conf import settings
from django.core.management import call_command

class Router:
    def db_for_read(self, model, **hints):
        return "errors" if model._meta.app_label == "django_apierrors" else "default"

    db_for_write = db_for_read

    def allow_migrate(self, db, app_label, **hints):
        return (db == "errors") == (app_label == "django_apierrors")

folder = tempfile.mkdtemp()

def start(names, apps, middleware=(), **more):
    engine = "django.db.backends.sqlite3"
    settings.configure(**{
        "SECRET_KEY": "tests", "ALLOWED_HOSTS": ["*"], "ROOT_URLCONF": "project_urls", "USE_TZ": True,
        "DATABASES": {name: {"ENGINE": engine, "NAME": f"{folder}/{name}.sqlite3"} for name in names},
        "DATABASE_ROUTERS": ["__main__.Router"] if len(names) > 1 else [], "STATIC_URL": "static/",
        "INSTALLED_APPS": [*apps, "rest_framework", "django_apierrors"],
        "MIDDLEWARE": ["django_apierrors.middleware.ApiErrorMiddleware", *middleware],
        "REST_FRAMEWORK": {
            "EXCEPTION_HANDLER": "django_apierrors.handlers.exception_handler",
            "DEFAULT_AUTHENTICATION_CLASSES": [], "UNAUTHENTICATED_USER": None},
        "APIERRORS": {"STRICT": True, "REFRESH_SECONDS": 1e-9}, "LOGGING_CONFIG": None,
        "CSRF_FAILURE_VIEW": "django_apierrors.handlers.csrf_failure", **more})
    django.setup()
    urls = sys.modules["project_urls"] = types.ModuleType("project_urls")
    from django.http import HttpResponse
    from django.urls import include, path
    from django_apierrors import handlers

    for name in ("handler400", "handler403", "handler404", "handler500"):
        setattr(urls, name, getattr(handlers, name))
    urls.urlpatterns = [path("api/fine", lambda request: HttpResponse("fine")),
                        path("errors/", include("django_apierrors.urls"))]
    call_command("check", fail_level="ERROR")
    for name in names:
        call_command("migrate", database=name, verbosity=0)
    return urls.urlpatterns

def templates(*processors):
    return [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
             "OPTIONS": {"context_processors": processors}}]
"""

WITHOUT_USERS = """
start(["default"], [], TEMPLATES=templates("django_apierrors.context_processors.maintenance"))
from django.apps import apps
from django.test import Client
from django_apierrors import maintenance
from django_apierrors.models import ErrorCode

assert not apps.is_installed("django.contrib.auth") and not apps.is_installed("django.contrib.contenttypes")
client = Client()
answer = client.get("/api/nowhere")
assert (answer.status_code, answer["X-Error-Code"]) == (404, "ENDPOINT_NOT_FOUND")
ErrorCode.objects.filter(code="ENDPOINT_NOT_FOUND").update(message="Look elsewhere.")
assert client.get("/api/nowhere").json()["error"]["message"] == "Look elsewhere."
for page in ("", "ENDPOINT_NOT_FOUND/", "catalog.json", "catalog.csv", "catalog.md", "GONE.json"):
    assert client.get(f"/errors/{page}").status_code == 200, page
settings.APIERRORS = {**settings.APIERRORS, "DOCS": {"ACCESS": "authenticated"}}
assert client.get("/errors/?x=1")["Location"] == "/accounts/login/?next=/errors/%3Fx%3D1"
assert client.get("/errors/catalog.json").status_code == 401

row = maintenance.enable(reason="new ledger", user="nightly job")
assert client.get("/api/fine").status_code == 503
assert maintenance.disable(user="ana") == [row]
row.refresh_from_db()
assert (row.created_by, row.ended_by) == ("nightly job", "ana")
assert client.get("/api/fine").status_code == 200
call_command("apierrors", "sync", verbosity=0)
call_command("maintenance", "on", stdout=open("/dev/null", "w"))
assert client.get("/api/fine").status_code == 503
call_command("makemigrations", check=True, dry_run=True, verbosity=0)
"""

TWO_DATABASES = """
d = "django.contrib."
patterns = start(
    ["default", "errors"],
    [d + name for name in ("admin", "auth", "contenttypes", "messages", "sessions")],
    [d + "sessions.middleware.SessionMiddleware", "django.middleware.common.CommonMiddleware",
     "django.middleware.csrf.CsrfViewMiddleware", d + "auth.middleware.AuthenticationMiddleware",
     d + "messages.middleware.MessageMiddleware"],
    TEMPLATES=templates("django.template.context_processors.request", d + "auth.context_processors.auth",
                        d + "messages.context_processors.messages"))
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.db import connections
from django.test import Client
from django.test.utils import setup_test_environment
from django.urls import path
from django_apierrors import maintenance
from django_apierrors.models import MaintenanceWindow

setup_test_environment()
patterns.append(path("admin/", admin.site.urls))
tables = {alias: set(connections[alias].introspection.table_names()) for alias in connections}
assert not any(name.startswith("django_apierrors") for name in tables["default"])
assert "auth_user" not in tables["errors"]
ana, anyone = Client(), Client()
user = User.objects.create_user("ana", is_staff=True, pk=7)
permissions = Permission.objects.filter(content_type__app_label="django_apierrors")
assert {"toggle_maintenance", "change_errorcode"} <= {permission.codename for permission in permissions}
user.user_permissions.set(permissions)
ana.force_login(user)

def is_on():
    return anyone.get("/api/fine").status_code == 503

# Python and the command
row = maintenance.enable(user=user)
assert is_on() and maintenance.status().is_on
maintenance.disable()
for action, expected in (("on", True), ("off", False)):
    call_command("maintenance", action, stdout=open("/dev/null", "w"))
    assert is_on() is expected

# The admin
page = "/admin/django_apierrors/maintenancewindow/"
def press(name, **data):
    state = ana.get(page).context["page_state"]
    answer = ana.post(f"{page}{name}", {"page_state": state, **data})
    assert answer.status_code == 302, (answer.status_code, answer.content.decode())
press("on/", ends="30", mode="full", reason="new ledger", confirmed="yes")
assert is_on()
row = MaintenanceWindow.objects.open().get()
assert row.created_by == "7 ana"
press(f"{row.pk}/extend/")
press("bypass/")
assert ana.get("/api/fine").status_code == 200
press("off/")
assert not is_on()
row.refresh_from_db()
assert row.ended_by == "7 ana"
later = {"starts_at_0": "2100-07-01", "starts_at_1": "12:00", "ends_at_0": "2100-07-01", "ends_at_1": "13:00"}
press("add/", mode="read_only", **later)
later_row = MaintenanceWindow.objects.upcoming().get()
press(f"{later_row.pk}/change/", mode="full", **later)
press(f"{later_row.pk}/delete/", post="yes")
assert not MaintenanceWindow.objects.upcoming().exists()
assert LogEntry.objects.using("default").count() == 7
for address in (page, f"{page}add/", f"{page}{row.pk}/change/", f"{page}{row.pk}/history/", f"{page}preview/",
                "/admin/", "/admin/django_apierrors/errorcode/"):
    assert ana.get(address).status_code == 200, address
code = next(iter(ana.get("/admin/django_apierrors/errorcode/").context["cl"].result_list))
edit = f"/admin/django_apierrors/errorcode/{code.pk}/change/"
blank = {name: "" for name in ("status", "type", "retry", "title", "description", "causes", "remedy", "doc_url")}
forms = {"translations-TOTAL_FORMS": "0", "translations-INITIAL_FORMS": "0"}
answer = ana.post(edit, {**blank, **forms, "message": "Edited."})
assert answer.status_code == 302, answer.content.decode()
assert ana.get(edit).status_code == 200
"""


@pytest.mark.parametrize("script", [WITHOUT_USERS, TWO_DATABASES], ids=["without users", "two databases"])
def test_a_project_works_from_end_to_end(script, tmp_path):
    program = tmp_path / "project.py"
    program.write_text(START + textwrap.dedent(script))
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    done = subprocess.run(
        [sys.executable, program], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-3000:]
