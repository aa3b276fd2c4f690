"""The texts of waits: how long a client is to wait, in words."""

from __future__ import annotations

from collections.abc import Callable

from django.utils import translation
from django.utils.functional import lazy


def spell_wait(seconds: int, npgettext: Callable[[str, str, str, int], str]) -> str:
    """Return a wait in words: ``30 seconds``, ``1 day``; never shorter than it is.

    A unit is used from two of it on, and for exactly one. ``npgettext`` translates; where it has nothing, nor has this.
    """
    minutes, hours, days = (-(-seconds // size) for size in (60, 3600, 86400))
    # Translators: each of these stands in "Try again in {wait}."
    if seconds < 120 and seconds != 60:
        return npgettext("wait", "%(count)d second", "%(count)d seconds", seconds) % {"count": seconds}
    if minutes < 120 and minutes != 60:
        return npgettext("wait", "%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}
    if hours < 48 and hours != 24:
        return npgettext("wait", "%(count)d hour", "%(count)d hours", hours) % {"count": hours}
    return npgettext("wait", "%(count)d day", "%(count)d days", days) % {"count": days}


def wait_text(seconds: int) -> str:
    """Return a wait in words in the active language."""
    return spell_wait(seconds, translation.npgettext)


#: A wait in the language that is active when the text is used.
lazy_wait = lazy(wait_text, str)
