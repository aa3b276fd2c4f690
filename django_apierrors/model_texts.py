"""Neutral texts in place of Django's texts of model validation, which name models and constraints."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from django.apps import apps
from django.conf import settings
from django.db.models import BaseConstraint, Field, ForeignKey, Model
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import check_for_language, get_language, gettext, override
from django.utils.translation import gettext_lazy as _

# The ways to split a text into values that are tried: a client may have sent one of the values.
_MOST_SPLITS = 50
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
    """A text of Django: what stands between its placeholders, their names, our words for it, and its languages.

    ``is_djangos`` tells from the values of the placeholders whether Django wrote a text.
    """

    pieces: tuple[str, ...]
    names: tuple[str, ...]
    words: Promise
    is_djangos: Callable[[Mapping[str, str]], bool]
    languages: tuple[str, ...] = ()

    def matches(self, text: str) -> bool:
        """Return whether a text is this one, with values."""
        first, *inner, last = self.pieces
        if not (text.endswith(last) and text.startswith(first) and len(text) >= len(first) + len(last)):
            return False
        splits = islice(_splits(text[len(first) : len(text) - len(last)], inner), _MOST_SPLITS)
        return any(self._is_djangos(dict(zip(self.names, values, strict=True))) for values in splits)

    def _is_djangos(self, values: Mapping[str, str]) -> bool:
        for language in self.languages:
            with override(language):
                if self.is_djangos(values):
                    return True
        return False


#: Texts of Django by how their last pieces end, with two characters, one or none; each after its longest piece.
Templates = Mapping[str, Sequence[tuple[str, Template]]]


def templates() -> Templates:
    """Return the texts of Django that name models or constraints, in all languages of the project.

    A text may have been made under another language than that of the answer.
    """
    languages = (get_language(), settings.LANGUAGE_CODE, *(code for code, _name in settings.LANGUAGES))
    return _templates(tuple(dict.fromkeys(code for code in languages if code)))


def neutral(text: str, known: Templates) -> Promise | None:
    """Return our words for a text of Django's, ``None`` for a text that is not one of those."""
    for end in (text[-2:], text[-1:], ""):
        for template in [template for longest, template in known.get(end, ()) if longest in text]:
            if template.matches(text):
                return template.words
    return None


@functools.lru_cache(maxsize=128)
def _templates(languages: tuple[str, ...]) -> Templates:
    # What is not translated is the same text in several languages, with names of models in each.
    spoken: dict[Template, list[str]] = {}
    for language in filter(check_for_language, languages):
        with override(language):
            for template in _in_active_language():
                spoken.setdefault(template, []).append(language)
    found: dict[str, list[tuple[str, Template]]] = {}
    for template, those in spoken.items():
        entry = max(template.pieces, key=len), template._replace(languages=tuple(those))
        found.setdefault(template.pieces[-1][-2:], []).append(entry)
    return found


def _in_active_language() -> tuple[Template, ...]:
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


def _splits(text: str, pieces: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield the values between some pieces, each way there is: a name may hold a piece, such as a blank."""
    if not pieces:
        yield (text,)
        return
    piece, *others = pieces
    at = text.find(piece)
    while at >= 0:
        for values in _splits(text[at + len(piece) :], others):
            yield (text[:at], *values)
        at = text.find(piece, at + 1)


# A text of the project's own may be spelled like one of Django's: "Account with this number already exists."


def _names_model(values: Mapping[str, str]) -> bool:
    name = values.get("model_name") or values.get("model") or ""
    models = apps.get_models(include_auto_created=True, include_swapped=True)
    return any(_is_of(model, name, values) for model in models)


def _is_of(model: type[Model], name: str, values: Mapping[str, str]) -> bool:
    # DRF fills Django's text with the names as they are, Django with a capital letter.
    own = str(model._meta.verbose_name)
    return (name == own and _are_labels(values, model, str)) or (
        name in (own, capfirst(own)) and _are_labels(values, model, capfirst)
    )


def _are_labels(values: Mapping[str, str], model: type[Model], spelled: Callable[[str], str]) -> bool:
    # In English Django says the same of one field and of several.
    one, several = values.get("field_label"), values.get("field_labels")
    fields = (field for field in model._meta.get_fields() if isinstance(field, Field))
    labels = tuple(spelled(str(field.verbose_name)) for field in fields)
    return (one is None or one in labels) and (several is None or several.startswith(labels))


def _names_time(values: Mapping[str, str]) -> bool:
    label = values.get("field_label")
    fields = (field for model in apps.get_models() for field in model._meta.get_fields() if isinstance(field, Field))
    timed = (field for field in fields if any(getattr(field, name, None) for name in _TIMES))
    return any(capfirst(str(field.verbose_name)) == label for field in timed)


def _names_constraint(values: Mapping[str, str]) -> bool:
    return True
