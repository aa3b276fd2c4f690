"""The form fields of the admin."""

from __future__ import annotations

from typing import Any

from django import forms


class MultilineField(forms.CharField):
    """A text of several lines; browsers submit CRLF."""

    def to_python(self, value: Any) -> Any:
        """Return the text with LF, the line ending of all other sources of a row."""
        return str(super().to_python(value)).replace("\r\n", "\n")
