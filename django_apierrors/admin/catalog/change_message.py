"""What the log says of a change: each field with its old and its new value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.text import capfirst

from ...codes import TEXTS
from ...models import ErrorCode

#: A change message as Django's ``LogEntry`` keeps and translates it.
Message = list[dict[str, dict[str, Any]]]


def of_form(form: Any, formsets: Iterable[Any] | None, *, add: bool) -> Message:
    """Return the message of a saved form and its translations."""
    message: Message = []
    if add:
        message.append({"added": {}})
    elif form.changed_data:
        message.append({"changed": {"fields": _changes(form)}})
    for formset in formsets or ():
        there = [form for form in formset.forms if form.has_changed() and not _was_never_there(formset, form)]
        message += [_of_translation(formset, form) for form in there]
    return message


def of_row(before: Mapping[str, Any], obj: ErrorCode) -> Message:
    """Return the message of a row that had other values before, see ``values``."""
    after = values(obj)
    pairs = {name: (old, after.get(name, "")) for name, old in before.items()}
    changes = [change(_label(name), old, new) for name, (old, new) in pairs.items() if old != new]
    return [{"changed": {"fields": changes}}]


def differences(obj: ErrorCode) -> list[str]:
    """Return in words each value in which a row differs from one that says nothing."""
    blank = values(ErrorCode(code=obj.code))
    return [f"{_label(name)}: {_shown(value)}" for name, value in values(obj).items() if value != blank.get(name, "")]


def values(obj: ErrorCode) -> dict[str, Any]:
    """Return what the team says of a code, by the names of fields; translations as ``message (de)``."""
    own = {field.name: getattr(obj, field.name) for field in obj._meta.fields if _is_said(field)}
    for translation in obj.translations.all() if obj.pk else ():
        own |= {f"{name} ({translation.language})": getattr(translation, name) for name in TEXTS}
    return own


def change(label: str, old: Any, new: Any) -> str:
    """Return one change in words, untranslated like all of the log."""
    return f"{label}: {_shown(old)} → {_shown(new)}"


def _is_said(field: Any) -> bool:
    return bool(field.editable) and not field.primary_key


def _of_translation(formset: Any, form: Any) -> dict[str, dict[str, Any]]:
    words = {"name": "translation", "object": str(form.initial.get("language") or form.instance)}
    if form in formset.deleted_forms:
        lost = {name: form.initial[name] for name in TEXTS if form.initial.get(name)}
        return {"changed": {**words, "fields": [change(_label(name), text, "") for name, text in lost.items()]}}
    return {"changed": {**words, "fields": _changes(form)}}


def _was_never_there(formset: Any, form: Any) -> bool:
    return form in formset.extra_forms and form in formset.deleted_forms


def _changes(form: Any) -> list[str]:
    return [
        change(_label(name), _resolved(form.fields[name], form.initial.get(name)), form.cleaned_data.get(name))
        for name in form.changed_data
    ]


def _resolved(field: forms.Field, value: Any) -> Any:
    """Return the row that a form remembers by its key."""
    if isinstance(field, forms.ModelChoiceField) and value is not None:
        return ErrorCode.objects.filter(pk=value).first()
    return value


def _label(name: str) -> str:
    return str(capfirst(name.replace("_", " ")))


def _shown(value: Any) -> str:
    if value is None or value == "":
        return "(blank)"
    return f"“{value}”" if isinstance(value, str) else str(value)
