"""The forms of error codes and their translations."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

from ... import codes
from ...models import ErrorCode
from ...shipped import shipped_texts
from .reachable_languages import get_unreachable_reason
from .row_state import get_fallback_texts


class ErrorCodeForm(forms.ModelForm):  # type: ignore[type-arg]
    """The form of a code; without a definition in Python, status, title and message are required."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Set the required fields and the labels of blank choices."""
        super().__init__(*args, **kwargs)
        definition = codes.find(self.instance.code or self.data.get("code", "").strip())
        for name in ("status", "title", "message"):
            if name in self.fields:
                self.fields[name].required = definition is None
        for name, label in (("type", _("As the status implies")), ("retry", _("Default (never)"))):
            if name in self.fields:
                field: Any = self.fields[name]
                field.choices = [("", _("As shipped") if definition else label), *field.choices[1:]]

    def clean_code(self) -> str:
        """Return the code in one case, before uniqueness is checked: in capitals unless all are small letters."""
        code: str = self.cleaned_data["code"]
        return code if code.islower() else code.upper()


class TranslationForm(forms.ModelForm):  # type: ignore[type-arg]
    """The texts of a code in one language; the help shows the fallback of a blank text."""

    language = forms.ChoiceField(label=_("Language"))

    def __init__(self, *args: Any, entry: ErrorCode, request: HttpRequest, **kwargs: Any) -> None:
        """Set the row of the code, and the choices: the languages of the project and the stored one."""
        super().__init__(*args, **kwargs)
        self.instance.entry = entry  # validation depends on the code
        language = self.instance.language
        self.fields["language"].choices = _get_language_choices(language)  # type: ignore[attr-defined]
        for name, text in (get_fallback_texts(entry, language) if language else {}).items():
            if text and name in self.fields:
                self.fields[name].help_text = _format_help(_("If blank:"), text, name)
        if language and "language" in self.fields:
            self.fields["language"].help_text = get_unreachable_reason(language, request)


class TranslationFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]
    """The translations of one code, for a request to the admin."""

    request: HttpRequest

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        """Pass the row of the code and the request to each form."""
        return {**super().get_form_kwargs(index), "entry": self.instance, "request": self.request}


def get_help_texts(obj: ErrorCode | None) -> dict[str, Any]:
    """Return the help texts of the fields of a code with its shipped values, escaped."""
    definition = codes.get(obj.code) if obj is not None else None
    if definition is None:
        return {}
    values: dict[str, Any] = {**shipped_texts(definition)}
    values |= {"status": definition.status, "type": definition.type, "retry": definition.retry}
    return {name: _format_help(_("As shipped:"), str(value), name) for name, value in values.items() if value}


def _format_help(label: str | Promise, text: str, name: str) -> SafeString:
    """Return the help text of a field, followed by a label and a text, escaped."""
    field: Any = ErrorCode._meta.get_field(name)
    template = '{} <span class="apierrors-help"><span class="apierrors-label">{}</span> {}</span>'
    return format_html(template, field.help_text, label, text)


def _get_language_choices(stored: str) -> list[tuple[str, str]]:
    """Return the languages of the project with their bases and the stored one, sorted by name."""
    languages = {code for code, _name in settings.LANGUAGES} | ({stored} if stored else set())
    languages |= {code.split("-")[0] for code in languages}
    choices = [(code, f"{_get_language_name(code)} ({code})") for code in languages]
    return [("", "---------"), *sorted(choices, key=lambda choice: choice[1])]


def _get_language_name(language: str) -> str:
    try:
        return str(get_language_info(language)["name_translated"])
    except KeyError:
        return language
