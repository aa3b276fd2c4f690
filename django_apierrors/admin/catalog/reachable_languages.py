"""The translations that no request can reach, and the reason."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from ...negotiation import active_language, has_locale_middleware


def get_unreachable_reason(language: str, request: HttpRequest) -> str:
    """Return why no request can reach the texts in a language, ``""`` if one can.

    The request to the admin passes the same middleware as those of clients: when a language was chosen for
    it without LocaleMiddleware, a middleware of the project chooses.
    """
    if _is_reached(language, [settings.LANGUAGE_CODE]):
        return ""
    if not settings.USE_I18N:
        return _("No request can reach this translation: USE_I18N is off, so that all texts are in LANGUAGE_CODE.")
    if not has_locale_middleware():
        if hasattr(request, "LANGUAGE_CODE") or active_language() != settings.LANGUAGE_CODE:
            return ""
        return _(
            "No request can reach this translation: MIDDLEWARE has no LocaleMiddleware, and no middleware of "
            "the project sets request.LANGUAGE_CODE, so that all texts are in LANGUAGE_CODE."
        )
    if _is_reached(language, [code for code, _name in settings.LANGUAGES]):
        return ""
    return _("No request can reach this translation: LANGUAGES does not list its language.")


def _is_reached(language: str, languages: list[str]) -> bool:
    """Return whether one of some languages has the texts of another: it is that, or has it as its base."""
    return any(language in (code, code.split("-")[0]) for code in map(str.lower, languages))
