"""Lists of short texts, one a line: in Python, in forms, in the database, in fixtures."""

import pytest
from django import forms
from django.core import serializers
from django.db import connection

from django_apierrors.models import MaintenanceWindow
from django_apierrors.models.fields import LinesField, LinesFormField, split_lines


class Form(forms.ModelForm):
    class Meta:
        model = MaintenanceWindow
        fields = ["path_prefixes"]


@pytest.mark.parametrize(
    ("given", "items"),
    [
        (None, []),
        ("", []),
        (" \n\t\r\n ", []),
        ("/a", ["/a"]),
        ("/a\r\n\r\n /b \n/c", ["/a", "/b", "/c"]),
        (["/a", " ", " /b "], ["/a", "/b"]),
        (("/a",), ["/a"]),
        ({"/a": 1}, ["/a"]),
        ([1, 2], ["1", "2"]),
        ((text for text in ("/a", "/b")), ["/a", "/b"]),
    ],
)
def test_items_are_lines_without_the_blank_ones(given, items):
    assert split_lines(given) == items


def test_a_form_edits_the_list_as_a_text():
    form = Form(instance=MaintenanceWindow(path_prefixes=["/a", "/b"]))
    assert isinstance(form.fields["path_prefixes"], LinesFormField)
    assert not form.fields["path_prefixes"].required
    assert "/a\n/b</textarea>" in form.as_p()


@pytest.mark.parametrize(
    ("sent", "items", "is_changed"),
    [("/a\r\n/b", ["/a", "/b"], False), ("\r\n/b\r\n/a", ["/b", "/a"], True), ("", [], True)],
)
def test_a_form_takes_lines_and_knows_whether_they_have_changed(sent, items, is_changed):
    form = Form({"path_prefixes": sent}, instance=MaintenanceWindow(path_prefixes=["/a", "/b"]))
    assert form.is_valid(), form.errors
    assert form.instance.path_prefixes == items
    assert form.has_changed() is is_changed


def test_a_form_shows_again_what_was_sent():
    form = Form({"path_prefixes": "/a\nb"}, instance=MaintenanceWindow())
    assert "b begins with no slash; write /b." in form.errors["path_prefixes"]
    assert "/a\nb</textarea>" in form.as_p()


@pytest.mark.django_db
def test_a_list_comes_back_from_the_database_as_it_went_in():
    for given, items in ((["/a", "/b"], ["/a", "/b"]), ("/a\r\n/b\n", ["/a", "/b"]), ((), []), (None, [])):
        made = MaintenanceWindow.objects.create(path_prefixes=given)
        assert MaintenanceWindow.objects.get(pk=made.pk).path_prefixes == items
    assert MaintenanceWindow.objects.filter(path_prefixes=["/a", "/b"]).count() == 2
    with connection.cursor() as cursor:
        cursor.execute("SELECT path_prefixes FROM django_apierrors_maintenancewindow ORDER BY id")
        assert [text for (text,) in cursor.fetchall()] == ["/a\n/b", "/a\n/b", "", ""]


def test_a_fixture_holds_the_list_as_a_text():
    row = MaintenanceWindow(path_prefixes=["/a", "/b"], methods="POST")
    (data,) = serializers.serialize("python", [row], fields=["path_prefixes", "methods"])
    assert data["fields"] == {"path_prefixes": "/a\n/b", "methods": "POST"}
    (read,) = serializers.deserialize("python", [{"model": "django_apierrors.maintenancewindow", **data}])
    assert (read.object.path_prefixes, read.object.methods) == (["/a", "/b"], ["POST"])


def test_each_row_has_a_list_of_its_own_and_a_migration_says_no_more_than_it_must():
    assert MaintenanceWindow().methods is not MaintenanceWindow().methods
    _, _, args, kwargs = LinesField(blank=True).clone().deconstruct()
    assert (args, kwargs) == ([], {"blank": True, "default": list})
