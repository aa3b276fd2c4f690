"""The forms of a code and its translations."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

from .. import codes
from ..models import ErrorCode
from .effective import shipped, without_translation


class ErrorCodeForm(forms.ModelForm):  # type: ignore[type-arg]
    """A code: what Python does not define must stand here, what it does is shown beside each field."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Require what nothing is shipped for."""
        super().__init__(*args, **kwargs)
        code = self.instance.code or self.data.get("code", "").strip().upper()
        definition = codes.get(code)
        for name in ("status", "title", "message"):
            if name in self.fields:
                self.fields[name].required = definition is None
        for name, otherwise in (("type", _("As the status implies")), ("retry", _("Default (never)"))):
            if name in self.fields:
                field: Any = self.fields[name]
                field.choices = [("", _("As shipped") if definition else otherwise), *field.choices[1:]]

    def clean_code(self) -> str:
        """Return the code in capitals, as all are, so that one in another case is found to exist."""
        code: str = self.cleaned_data["code"]
        return code.upper()


class TranslationForm(forms.ModelForm):  # type: ignore[type-arg]
    """The texts of a code in one language, with what stands in for each that is blank."""

    language = forms.ChoiceField(label=_("Language"))

    def __init__(self, *args: Any, entry: ErrorCode, **kwargs: Any) -> None:
        """Take the row of the code, and offer the languages of the project and the one that is there."""
        super().__init__(*args, **kwargs)
        self.instance.entry = entry  # what is valid depends on the code
        language = self.instance.language
        self.fields["language"].choices = _languages(language)  # type: ignore[attr-defined]
        for name, text in (without_translation(entry, language) if language else {}).items():
            if text and name in self.fields:
                self.fields[name].help_text = beside(_("If blank:"), text, name)


class TranslationFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]
    """The translations of one code, each of which knows it."""

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        """Give each form the row of the code."""
        return {**super().get_form_kwargs(index), "entry": self.instance}


def beside(label: str | Promise, text: str, name: str) -> SafeString:
    """Return a text, escaped, as the help of a field, after the help that the field has."""
    field: Any = ErrorCode._meta.get_field(name)
    template = '{} <span class="apierrors-beside"><span class="apierrors-label">{}</span> {}</span>'
    return format_html(template, field.help_text, label, text)


def help_texts(obj: ErrorCode | None) -> dict[str, Any]:
    """Return the help of the fields of a code, with what is shipped; nothing of it is HTML of others."""
    definition = codes.get(obj.code) if obj is not None else None
    if obj is None or definition is None:
        return {}
    texts: dict[str, Any] = shipped(obj.code)
    texts |= {"status": definition.status, "type": definition.type, "retry": definition.retry}
    return {name: beside(_("As shipped:"), str(text), name) for name, text in texts.items() if text}


def _languages(there: str) -> list[tuple[str, str]]:
    """Return the languages of the project with their bases, and the one that is there, by name."""
    languages = {code for code, _name in settings.LANGUAGES} | ({there} if there else set())
    offered = {language: _name_of(language) for language in languages | {code.split("-")[0] for code in languages}}
    named = [(code, f"{name} ({code})") for code, name in offered.items()]
    return [("", "---------"), *sorted(named, key=lambda choice: choice[1])]


def _name_of(language: str) -> str:
    try:
        return str(get_language_info(language)["name_translated"])
    except KeyError:
        return language
