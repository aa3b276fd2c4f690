"""The migrations say what the models say, and go both ways."""

import pytest
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from django_apierrors import codes, maintenance
from django_apierrors.models import ErrorCode, MaintenanceWindow, Revision
from django_apierrors.snapshot import snapshot


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


@pytest.mark.django_db(transaction=True)
def test_maintenance_that_is_on_outlives_its_table(api):
    maintenance.enable()
    assert api.get("/api/nowhere").status_code == 503
    call_command("migrate", "django_apierrors", "zero", verbosity=0)
    try:
        assert api.get("/api/nowhere").status_code == 503  # this process knows of it, until it ends
        snapshot.reset()
        assert api.get("/api/nowhere").status_code == 404
    finally:
        call_command("migrate", verbosity=0)
    assert not MaintenanceWindow.objects.exists()
    maintenance.enable()
    assert api.get("/api/nowhere").status_code == 503
    maintenance.disable()


def test_no_migration_needs_another_app():
    """Else our tables could not be in a database of their own."""
    migrations = MigrationLoader(None).disk_migrations
    ours = [migration for (app, _), migration in migrations.items() if app == "django_apierrors"]
    assert [(migration.name, migration.dependencies) for migration in ours] == [("0001_initial", [])]


@pytest.mark.django_db
def test_there_is_a_permission_to_see_and_one_to_switch():
    names = Permission.objects.filter(content_type__model="maintenancewindow").values_list("codename", flat=True)
    assert set(names) == {"view_maintenancewindow", "toggle_maintenance"}
