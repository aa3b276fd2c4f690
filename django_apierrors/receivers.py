"""What this package does when Django says something."""

from __future__ import annotations

import sys
from typing import Any

from . import catalog, conversion

_SETTINGS_OF_TEXTS = {"LANGUAGES", "LANGUAGE_CODE", "LOCALE_PATHS", "USE_I18N"}


def remember_exception(request: Any = None, **kwargs: Any) -> None:
    """Keep what middleware or the resolver raised: ``process_exception`` is not told of it."""
    exc = sys.exc_info()[1]
    if request is not None and exc is not None:
        conversion.remember(request, exc)


def forget_texts(setting: str, **kwargs: Any) -> None:
    """Resolve texts again when a test changes the languages."""
    if setting in _SETTINGS_OF_TEXTS:
        catalog.current().forget()
