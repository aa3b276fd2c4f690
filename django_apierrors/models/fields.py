"""A model field and a form field for lists of short texts, one a line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django import forms
from django.db import models

if TYPE_CHECKING:
    _TextField = models.TextField[Iterable[str] | str, list[str]]
else:
    _TextField = models.TextField


def lines(value: str | Iterable[str] | None) -> list[str]:
    """Return the items of a text with one item a line, or of a list; blank ones are left out."""
    items = value.splitlines() if isinstance(value, str) else value or ()
    return [text for text in (str(item).strip() for item in items) if text]


class LinesFormField(forms.CharField):
    """Edits a list as a text, one item a line."""

    widget = forms.Textarea

    def prepare_value(self, value: Any) -> Any:
        """Return the text for the widget."""
        return "\n".join(value) if isinstance(value, (list, tuple)) else value

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]
        """Return the list."""
        return lines(value)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare the items, not the line breaks."""
        return lines(initial) != lines(data)


class LinesField(_TextField):
    """A list of texts, stored one a line; takes a list, or a text with line breaks."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Begin with an empty list, which is always allowed."""
        super().__init__(*args, **{"default": list, "blank": True, **kwargs})

    def to_python(self, value: Any) -> list[str]:
        """Return the list."""
        return lines(value)

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> list[str]:
        """Return the list."""
        return lines(value)

    def get_prep_value(self, value: Any) -> str:
        """Return the text that is stored."""
        return "\n".join(lines(value))

    def value_to_string(self, obj: models.Model) -> str:
        """Return the text for a serializer."""
        return self.get_prep_value(self.value_from_object(obj))

    def formfield(self, **kwargs: Any) -> Any:
        """Return a field that edits the list as a text."""
        # A default that is called would, else, be sent along as a hidden field, to compare with.
        return super().formfield(**{"form_class": LinesFormField, "show_hidden_initial": False, **kwargs})
