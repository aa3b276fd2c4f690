"""An edit is on the wire of every process that shares the database, and of no process before it commits."""

import time

import pytest
from support.server_processes import COMMANDS, REFRESH_SECONDS, ask, elsewhere, migrate, said, serving, until
from support.services import database

from django_apierrors import codes

pytestmark = pytest.mark.services

SHIPPED = str(codes.get("ENDPOINT_NOT_FOUND").message)

FIXTURE = """
import json, pathlib, tempfile
with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder) / "rows.json"
    fields = {"code": rows.get().code, "defined": True, "message": "Loaded.", "updated_at": "2026-01-01T00:00:00Z"}
    path.write_text(json.dumps([{"model": "django_apierrors.errorcode", "pk": rows.get().pk, "fields": fields}]))
    call_command("loaddata", path, verbosity=0)
"""
ROLLED_BACK = """
from django.db import transaction
with transaction.atomic():
    rows.update(message="Never.")
    transaction.set_rollback(True)
"""
ADMIN = """
from django.contrib.auth.models import User
from django.test import Client
from django.test.utils import setup_test_environment
from django.urls import reverse
setup_test_environment()  # else a page does not tell its context
client = Client()
client.force_login(User.objects.create_superuser("ana"))
path = reverse("admin:django_apierrors_errorcode_change", args=[rows.get().pk])
page = client.get(path)
form = page.context["adminform"].form
data = {field.html_name: field.value() for field in form if field.value() not in (None, False)}
for formset in page.context["inline_admin_formsets"]:
    for field in formset.formset.management_form:
        data[field.html_name] = field.value()
answer = client.post(path, {**data, "message": "Of the admin."})
assert answer.status_code == 302, answer.content.decode()
"""
#: What another process does, in this order, and what is said from then on.
STEPS = [
    ("row = rows.get(); row.message = 'Saved.'; row.save()", "Saved."),
    ("rows.update(message='Updated.')", "Updated."),
    (FIXTURE, "Loaded."),
    (ROLLED_BACK, "Loaded."),
    (ADMIN, "Of the admin."),
    ("rows.get().translations.create(language='en', message='Translated.')", "Translated."),
    ("rows.get().translations.all().delete()", "Of the admin."),
    ("rows.delete()", SHIPPED),
    ("ErrorCode.objects.bulk_create([ErrorCode(code='ENDPOINT_NOT_FOUND', defined=True, message='Back.')])", "Back."),
    ("Revision.objects.all().delete(); rows.update(message='Without a token.')", "Without a token."),
]


@pytest.fixture(scope="module", params=["postgresql", "mysql"])
def url(request):
    with database(request.param) as made:
        yield made


def test_tables_that_are_missing_cost_one_line_and_an_edit_reaches_every_process(url):
    with serving(url, "gunicorn", "gunicorn with threads", "uvicorn", "uvicorn") as servers:
        for _ in range(3):
            assert [said(server) for server in servers] == [SHIPPED] * 4
        migrate(url)
        for source, expected in STEPS:
            elsewhere(url, source)
            time.sleep(REFRESH_SECONDS)
            if source == STEPS[0][0]:
                # A probe finds the new tables, and it is no request that waits for it.
                until(lambda: all(said(server) == "Saved." for server in servers))
            assert [said(server) for server in servers] == [expected] * 4
        for server in servers:
            assert server.log().count("The error catalog cannot be read") == 1
            assert server.log().count("The error catalog can be read again") == 1


def test_workers_of_one_server_that_were_forked_from_a_loaded_application_hear_of_an_edit_too(url):
    migrate(url)
    elsewhere(url, "rows.update_or_create({'defined': True, 'message': 'Forked.'}, code='ENDPOINT_NOT_FOUND')")
    with serving(url, "two workers of gunicorn") as [server]:
        until(lambda: len(processes_that_say(server, "Forked.")) == 2)
        elsewhere(url, "rows.update(message='After the fork.')")
        time.sleep(REFRESH_SECONDS)
        until(lambda: len(processes_that_say(server, "After the fork.")) == 2)


def processes_that_say(server, message):
    """Ask until as many answers have come as usually meet both workers; all must say the same."""
    answers = [ask(server) for _ in range(20)]
    assert {said for _, said in answers} == {message}
    return {process for process, _ in answers}


def test_every_command_of_the_servers_is_tried():
    assert set(COMMANDS) == {"gunicorn", "gunicorn with threads", "two workers of gunicorn", "uvicorn"}
