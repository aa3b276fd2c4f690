"""The migrations say what the models say, and go both ways."""

import pytest
from django.core.management import call_command
from django.db import connection

from django_apierrors import codes
from django_apierrors.models import ErrorCode, Revision


def tables():
    return {name for name in connection.introspection.table_names() if name.startswith("django_apierrors_")}


@pytest.mark.django_db
def test_the_models_have_no_change_without_a_migration():
    call_command("makemigrations", "django_apierrors", check=True, dry_run=True, verbosity=0)


@pytest.mark.django_db(transaction=True)
def test_migrations_go_back_and_forth(api):
    call_command("migrate", "django_apierrors", "zero", verbosity=0)
    try:
        assert tables() == set()
        assert api.get("/api/nowhere").headers["X-Error-Code"] == "ENDPOINT_NOT_FOUND"
    finally:
        call_command("migrate", verbosity=0)
    assert len(tables()) == 4
    assert ErrorCode.objects.count() == len(list(codes.definitions()))
    assert Revision.objects.count() == 1
