"""The gate: which requests pass while maintenance is on, and who is told when that changes."""

from __future__ import annotations

import enum
import logging
import math
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import time

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _

from .. import headers, negotiation, resolving, windows
from ..client_ip import client_address
from ..conf import conf
from ..paths import is_one_of
from ..templating import clean
from ..windows import Window, Windows
from . import answers, bypass, control_plane, exempt

logger = logging.getLogger("django_apierrors")

#: The key of the window that ``MAINTENANCE["FORCE"]`` opens; no bypass opens it.
FORCED = "force"

#: Characters of the scope of a window that a line of the log quotes.
_LONGEST = 500


class Reason(enum.Enum):
    """Why a request passes or does not."""

    NOTHING_ON = _("No maintenance is on.")
    FORCED_OFF = _('MAINTENANCE["FORCE"] is False: everything passes.')
    PREFLIGHT = _("A CORS preflight: browsers must be able to read the answer that follows.")
    EXEMPT_PATH = _('One of MAINTENANCE["EXEMPT_PATHS"], by which orchestrators look after the process.')
    OUT_OF_SCOPE = _("No open window covers this path and method.")
    READ = _("Reading goes on in a read-only window.")
    CONTROL_PLANE = _("Operators need it: the admin, a login, static files, the documentation of errors.")
    BYPASS = _("It carries a bypass for the open windows.")
    NETWORK = _("Its address is in the exempt networks of the window.")
    EXEMPT_VIEW = _("Its view is marked with @maintenance_exempt.")
    REFUSED = _("An open window covers it.")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a request; ``window`` is the one that refuses it.

    ``is_read_only`` says that a read-only window covers it, ``is_bypassed`` that it would not pass
    without its bypass, whatever else it needed.
    """

    reason: Reason
    window: Window | None = None
    is_read_only: bool = False
    is_bypassed: bool = False

    def dress(self, response: HttpResponseBase) -> HttpResponseBase:
        """Say in the headers of a response under which circumstances it was let through."""
        if self.is_read_only:
            response[headers.X_MAINTENANCE] = "read-only"
        if self.is_bypassed:
            response[headers.CACHE_CONTROL] = "private, no-store"
        return response


def judge(request: HttpRequest, opened: Sequence[Window]) -> Verdict:
    """Return what becomes of a request while some windows, the strictest first, are open.

    Cheap reasons come first, and none of them queries. The view is looked up only when nothing
    else lets the request through.
    """
    if not opened:
        return Verdict(Reason.NOTHING_ON if conf.FORCE is None else Reason.FORCED_OFF)
    method = request.method or ""
    if negotiation.is_preflight(request):
        return Verdict(Reason.PREFLIGHT)
    if is_one_of(request.path_info, conf.MAINTENANCE["EXEMPT_PATHS"]):
        return Verdict(Reason.EXEMPT_PATH)
    covering = [window for window in opened if window.covers(request.path_info, method)]
    if not covering:
        return Verdict(Reason.OUT_OF_SCOPE)
    refusing = [window for window in covering if window.refuses(method)]
    is_read_only = len(refusing) < len(covering)
    if not refusing:
        return Verdict(Reason.READ, is_read_only=True)
    if control_plane.holds(request):
        return Verdict(Reason.CONTROL_PLANE)
    held = bypass.keys(request)
    passed = [window for window in refusing if window.key in held and window.key != FORCED]
    is_bypassed = bool(passed)
    refusing = [window for window in refusing if window not in passed]
    if not refusing:
        return Verdict(Reason.BYPASS, None, is_read_only, is_bypassed)
    if any(window.exempt_networks for window in refusing):
        address = client_address(request)
        refusing = [window for window in refusing if not window.lets_in(address)]
        if not refusing:
            return Verdict(Reason.NETWORK, None, is_read_only, is_bypassed)
    match = resolving.resolved(request)
    if control_plane.serves(match):
        return Verdict(Reason.CONTROL_PLANE)
    if exempt.is_exempt(match, method):
        return Verdict(Reason.EXEMPT_VIEW, None, is_read_only, is_bypassed)
    request.resolver_match = match  # the view may name the format of the answer
    return Verdict(Reason.REFUSED, refusing[0])


def refusal(request: HttpRequest, verdict: Verdict) -> HttpResponse | None:
    """Return the answer to a request that does not pass, ``None`` for one that does."""
    return None if verdict.window is None else answers.refusal(verdict.window, request)


@dataclass(frozen=True, slots=True)
class Look:
    """What was open, by which windows, and until when that is so."""

    judged: Windows | None = None
    until: float = -math.inf
    opened: tuple[Window, ...] = ()

    def holds(self) -> bool:
        """Tell whether it is still so."""
        return windows.current() is self.judged and time() < self.until


class Gate:
    """What this process knows of being open or closed; while nothing is on, it costs a clock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = Look()
        self._known: frozenset[str] = frozenset()

    def is_quiet(self) -> bool:
        """Tell whether every request passes, and nobody needs to be told of anything."""
        last = self._last  # once: another thread may replace it
        return not last.opened and last.holds()

    def look(self) -> tuple[tuple[Window, ...], bool]:
        """Return the windows that are open, the strictest first, and whether others were before.

        Of a change exactly one caller learns, and it is logged here.
        """
        last = self._last
        if last.holds():
            return last.opened, False
        with self._lock:  # from the first look on, or who looked earlier could speak last
            now, current = time(), windows.current()
            opened = open_at(now)
            keys = frozenset(window.key for window in opened)
            is_changed, self._known = keys != self._known, keys
            self._last = Look(current, current.next_change(now), opened)
        if is_changed:
            logger.warning("Maintenance is %s", "; ".join(map(_in_words, opened)) or "off")
        return opened, is_changed

    def look_again(self) -> None:
        """Let the next request look anew: a test has changed ``FORCE``."""
        self._last = Look()

    def after_fork(self) -> None:
        """Leave behind a lock that another thread of the parent held."""
        self._lock = threading.Lock()


def open_at(now: float) -> tuple[Window, ...]:
    """Return the windows that are open at a moment, the strictest first, as ``FORCE`` has it.

    What it opens covers everything, without an end, and takes words and exempt networks from the
    strictest full window that is open.
    """
    forced = conf.FORCE
    if forced is False:
        return ()
    opened = windows.current().open_at(now)
    if forced is None:
        return opened
    model = next((window for window in opened if not window.is_read_only), Window())
    always = replace(model, key=FORCED, begins=-math.inf, ends=math.inf)
    return (replace(always, path_prefixes=(), methods=frozenset()),)


def _in_words(window: Window) -> str:
    kind = "read-only" if window.is_read_only else "on"
    scope = " ".join([*sorted(window.methods), *window.path_prefixes]) or "everything"
    return f"{kind} for {clean(scope, _LONGEST)} until {window.ends_at or 'it is turned off'}"


gate = Gate()
os.register_at_fork(after_in_child=gate.after_fork)
