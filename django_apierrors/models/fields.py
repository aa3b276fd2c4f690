"""The model field and the form fields for lists of lines and for texts of several lines, and the check of URLs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django import forms
from django.db import models
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    _TextField = models.TextField[Iterable[str] | str, list[str]]
else:
    _TextField = models.TextField


_WEB_URL = re.compile(r"https?://[^/]", re.IGNORECASE)
# RFC 3986, appendix C: they stand around a URL, in texts and in the header Link.
_DELIMITERS = frozenset(' <>"')


def url_error(url: str | None) -> str | None:
    """Return the error of a URL that clients cannot be sent to, ``None`` for a blank one and one without a scheme.

    Django's ``URLValidator`` lets control characters pass, with which servers refuse a header (RFC 9110, 5.5).
    """
    url = str(url or "")
    for character in url:
        if character in _DELIMITERS or not character.isprintable():
            name = f"U+{ord(character):04X} {unicodedata.name(character, '')}".strip()
            return _("The character %s cannot stand in a URL: remove it, or write it percent-encoded.") % name
    if "://" in url and not _WEB_URL.match(url):
        return _("%s is nothing that a browser opens: it begins with https://.") % url
    return None


def is_web_url(url: str) -> bool:
    """Return whether a stored URL is one that clients can be sent to."""
    return _WEB_URL.match(url) is not None and url_error(url) is None


def split_lines(value: str | Iterable[str] | None) -> list[str]:
    """Return the items of a list, or of a text with one item per line, without the blank ones."""
    items = value.splitlines() if isinstance(value, str) else value or ()
    return [text for text in (str(item).strip() for item in items) if text]


class LinesFormField(forms.CharField):
    """A form field for a list, edited as a text with one item per line."""

    widget = forms.Textarea

    def prepare_value(self, value: Any) -> Any:
        """Return the text for the widget."""
        return "\n".join(value) if isinstance(value, (list, tuple)) else value

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]
        """Return the list."""
        return split_lines(value)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Return whether the items differ, whatever the line breaks are."""
        return split_lines(initial) != split_lines(data)


class MultilineField(forms.CharField):
    """A form field for a text of several lines; browsers send CRLF as the line end."""

    def to_python(self, value: Any) -> Any:
        """Return the text with LF as the line end, as in rows from other sources."""
        return str(super().to_python(value)).replace("\r\n", "\n")


class LinesField(_TextField):
    """A list of texts, stored one per line; accepts a list or a text with line breaks."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Default to an empty list, and allow it."""
        super().__init__(*args, **{"default": list, "blank": True, **kwargs})

    def to_python(self, value: Any) -> list[str]:
        """Return the list."""
        return split_lines(value)

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> list[str]:
        """Return the list."""
        return split_lines(value)

    def get_prep_value(self, value: Any) -> str:
        """Return the text that is stored."""
        return "\n".join(split_lines(value))

    def value_to_string(self, obj: models.Model) -> str:
        """Return the text for a serializer."""
        return self.get_prep_value(self.value_from_object(obj))

    def formfield(self, **kwargs: Any) -> Any:
        """Return the form field for the list."""
        # A default that is called would, else, be sent along as a hidden field, to compare with.
        return super().formfield(**{"form_class": LinesFormField, "show_hidden_initial": False, **kwargs})
