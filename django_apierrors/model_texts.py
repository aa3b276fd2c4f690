"""Neutral texts in place of Django's texts of model validation, which name models and constraints."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from django.apps import apps
from django.db.models import BaseConstraint, Field, ForeignKey, Model
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

_INTERPOLATION = re.compile(r"%\((\w+)\)[rs]")
_UNIQUE: Any = Field.default_error_messages["unique"]
# Of Model.unique_error_message(), which has no name for it; translated by Django.
_UNIQUE_TOGETHER = "%(model_name)s with this %(field_labels)s already exists."
_UNIQUE_FOR_DATE: Any = Field.default_error_messages["unique_for_date"]
_RELATION: Any = ForeignKey.default_error_messages["invalid"]
_CONSTRAINT: Any = BaseConstraint.default_violation_error_message

_TIMES = ("unique_for_date", "unique_for_month", "unique_for_year")

_TAKEN = _("This value is already in use.")
_TAKEN_TOGETHER = _("This combination of values is already in use.")
_TAKEN_THEN = _("This value is already in use for that time.")
_NO_OBJECT = _("There is no object with this value.")
_REFUSED = _("These values are not accepted together.")


class Template(NamedTuple):
    """A text of Django in one language: what stands between its placeholders, their names, and our words for it.

    ``is_djangos`` tells from the values of the placeholders whether Django wrote a text.
    """

    pieces: tuple[str, ...]
    names: tuple[str, ...]
    words: Promise
    is_djangos: Callable[[Mapping[str, str]], bool]

    def matches(self, text: str) -> bool:
        """Return whether a text is this one, with values."""
        first, last = self.pieces[0], self.pieces[-1]
        if not (text.endswith(last) and text.startswith(first) and len(text) >= len(first) + len(last)):
            return False
        rest, values = text[len(first) : len(text) - len(last)], []
        for piece in self.pieces[1:-1]:
            value, found, rest = rest.partition(piece)
            if not found:
                return False
            values.append(value)
        return self.is_djangos(dict(zip(self.names, (*values, rest), strict=True)))


def templates() -> tuple[Template, ...]:
    """Return the texts of Django that name models or constraints, in the active language."""
    return _templates(get_language())


def neutral(text: str, known: tuple[Template, ...]) -> Promise | None:
    """Return our words for a text of Django's, ``None`` for a text that is not one of those."""
    return next((template.words for template in known if template.matches(text)), None)


@functools.lru_cache(maxsize=128)
def _templates(language: str | None) -> tuple[Template, ...]:
    return (
        _template(str(_UNIQUE), _TAKEN, _names_model),
        _template(gettext(_UNIQUE_TOGETHER), _TAKEN_TOGETHER, _names_model),
        _template(str(_UNIQUE_FOR_DATE), _TAKEN_THEN, _names_time),
        _template(str(_RELATION), _NO_OBJECT, _names_model),
        _template(str(_CONSTRAINT), _REFUSED, _names_constraint),
    )


def _template(text: str, words: Promise, is_djangos: Callable[[Mapping[str, str]], bool]) -> Template:
    parts = _INTERPOLATION.split(text)
    return Template(tuple(parts[::2]), tuple(parts[1::2]), words, is_djangos)


# A text of the project's own may be spelled like one of Django's: "Account with this number already exists."


def _names_model(values: Mapping[str, str]) -> bool:
    name = values.get("model_name") or values.get("model") or ""
    models = apps.get_models(include_auto_created=True, include_swapped=True)
    return any(name in _names_of(model) and _are_labels(values, model) for model in models)


def _names_of(model: type[Model]) -> tuple[str, str]:
    name = str(model._meta.verbose_name)
    return name, capfirst(name)


def _are_labels(values: Mapping[str, str], model: type[Model]) -> bool:
    # In English Django says the same of one field and of several.
    one, several = values.get("field_label"), values.get("field_labels")
    fields = (field for field in model._meta.get_fields() if isinstance(field, Field))
    labels = tuple(capfirst(str(field.verbose_name)) for field in fields)
    return (one is None or one in labels) and (several is None or several.startswith(labels))


def _names_time(values: Mapping[str, str]) -> bool:
    label = values.get("field_label")
    fields = (field for model in apps.get_models() for field in model._meta.get_fields() if isinstance(field, Field))
    timed = (field for field in fields if any(getattr(field, name, None) for name in _TIMES))
    return any(capfirst(str(field.verbose_name)) == label for field in timed)


def _names_constraint(values: Mapping[str, str]) -> bool:
    return True
