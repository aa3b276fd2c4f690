"""The change messages of error codes in Django's admin log: fields with old and new values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.text import capfirst

from ...codes import TEXTS
from ...models import ErrorCode

#: The structure that Django's ``LogEntry`` stores and translates.
ChangeMessage = list[dict[str, dict[str, Any]]]


def build_form_message(form: Any, formsets: Iterable[Any] | None, *, add: bool) -> ChangeMessage:
    """Return the message of a saved form and its translations."""
    message: ChangeMessage = []
    if add:
        message.append({"added": {}})
    elif form.changed_data:
        message.append({"changed": {"fields": _get_changes(form)}})
    for formset in formsets or ():
        changed = [form for form in formset.forms if form.has_changed() and not _is_discarded(formset, form)]
        message += [_build_translation_message(formset, form) for form in changed]
    return message


def build_row_message(before: Mapping[str, Any], obj: ErrorCode) -> ChangeMessage:
    """Return the message of a row with other values before, see ``get_values``."""
    after = get_values(obj)
    pairs = {name: (old, after.get(name, "")) for name, old in before.items()}
    changes = [format_change(format_label(name), old, new) for name, (old, new) in pairs.items() if old != new]
    return [{"changed": {"fields": changes}}]


def get_overrides(obj: ErrorCode) -> list[str]:
    """Return a line of text for each value of a row that differs from a blank row."""
    blank = get_values(ErrorCode(code=obj.code))
    overrides = {name: value for name, value in get_values(obj).items() if value != blank.get(name, "")}
    return [f"{format_label(name)}: {_format_value(value)}" for name, value in overrides.items()]


def get_values(obj: ErrorCode) -> dict[str, Any]:
    """Return the editable values of a code by field name; translations as ``message (de)``."""
    fields = [field for field in obj._meta.fields if field.editable and not field.primary_key]
    values = {field.name: getattr(obj, field.name) for field in fields}
    for translation in obj.translations.all() if obj.pk else ():
        values |= {f"{name} ({translation.language})": getattr(translation, name) for name in TEXTS}
    return values


def format_change(label: str, old: Any, new: Any) -> str:
    """Return the text of one change, untranslated like the whole log."""
    return f"{label}: {_format_value(old)} → {_format_value(new)}"


def format_label(name: str) -> str:
    """Return the label of a field, untranslated."""
    return str(capfirst(name.replace("_", " ")))


def _build_translation_message(formset: Any, form: Any) -> dict[str, dict[str, Any]]:
    changed = {"name": "translation", "object": str(form.initial.get("language") or form.instance)}
    if form not in formset.deleted_forms:
        return {"changed": {**changed, "fields": _get_changes(form)}}
    deleted = {name: form.initial[name] for name in TEXTS if form.initial.get(name)}
    fields = [format_change(format_label(name), text, "") for name, text in deleted.items()]
    return {"changed": {**changed, "fields": fields}}


def _is_discarded(formset: Any, form: Any) -> bool:
    """Return whether a form was added and deleted again before it was saved."""
    return form in formset.extra_forms and form in formset.deleted_forms


def _get_changes(form: Any) -> list[str]:
    return [
        format_change(
            format_label(name), _clean_initial(form.fields[name], form.initial.get(name)), form.cleaned_data.get(name)
        )
        for name in form.changed_data
    ]


def _clean_initial(field: forms.Field, value: Any) -> Any:
    """Return an initial value as the form cleans it: a row in the place of its primary key."""
    if isinstance(field, forms.ModelChoiceField) and value is not None:
        return ErrorCode.objects.filter(pk=value).first()
    return value


def _format_value(value: Any) -> str:
    if value is None or value == "":
        return "(blank)"
    return f"“{value}”" if isinstance(value, str) else str(value)
