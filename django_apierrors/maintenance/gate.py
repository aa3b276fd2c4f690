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

from .. import headers, negotiation, windows
from ..client_ip import client_address
from ..conf import conf
from ..paths import is_one_of
from ..windows import Window, Windows
from . import answers, bypass, control_plane, exempt

logger = logging.getLogger("django_apierrors")

#: The key of the window that ``MAINTENANCE["FORCE"]`` opens.
FORCED = "force"


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
    """What becomes of a request; ``window`` is the one that refuses it."""

    reason: Reason
    window: Window | None = None

    def dress(self, response: HttpResponseBase) -> HttpResponseBase:
        """Say in the headers of a response under which circumstances it was let through."""
        if self.reason is Reason.READ:
            response[headers.X_MAINTENANCE] = "read-only"
        elif self.reason is Reason.BYPASS:
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
    if not refusing:
        return Verdict(Reason.READ)
    if control_plane.holds(request):
        return Verdict(Reason.CONTROL_PLANE)
    held = bypass.keys(request)
    refusing = [window for window in refusing if window.key not in held]
    if not refusing:
        return Verdict(Reason.BYPASS)
    if any(window.exempt_networks for window in refusing):
        address = client_address(request)
        refusing = [window for window in refusing if not window.lets_in(address)]
        if not refusing:
            return Verdict(Reason.NETWORK)
    match = exempt.resolved(request)
    if exempt.is_exempt(match, method):
        return Verdict(Reason.EXEMPT_VIEW)
    request.resolver_match = match  # the view may name the format of the answer
    return Verdict(Reason.REFUSED, refusing[0])


def refusal(request: HttpRequest, verdict: Verdict) -> HttpResponse | None:
    """Return the answer to a request that does not pass, ``None`` for one that does."""
    return None if verdict.window is None else answers.refusal(verdict.window, request)


class Gate:
    """What this process knows of being open or closed; while nothing is on, it costs a clock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._judged: Windows | None = None
        self._edge = -math.inf
        self._known: frozenset[str] = frozenset()

    def is_quiet(self) -> bool:
        """Tell whether every request passes, and nobody needs to be told of anything."""
        return time() < self._edge and windows.current() is self._judged and conf.FORCE is None

    def look(self) -> tuple[tuple[Window, ...], bool]:
        """Return the windows that are open, the strictest first, and whether others were before.

        Of a change exactly one caller learns, and it is logged here.
        """
        now, current = time(), windows.current()
        opened = open_at(now)
        keys = frozenset(window.key for window in opened)
        with self._lock:
            is_changed, self._known = keys != self._known, keys
            self._judged = current
            self._edge = -math.inf if opened else current.next_start(now)
        if is_changed:
            logger.warning("Maintenance is %s", "; ".join(map(_in_words, opened)) or "off")
        return opened, is_changed

    def after_fork(self) -> None:
        """Leave behind a lock that another thread of the parent held."""
        self._lock = threading.Lock()


def open_at(now: float) -> tuple[Window, ...]:
    """Return the windows that are open at a moment, the strictest first, as ``FORCE`` has it."""
    forced = conf.FORCE
    if forced is False:
        return ()
    opened = windows.current().open_at(now)
    if forced is None:
        return opened
    networks = [network for window in opened for network in window.exempt_networks]
    messages = [window for window in opened if not window.is_read_only]
    words = messages[0] if messages else Window()
    return (
        replace(
            words,
            key=FORCED,
            begins=-math.inf,
            ends=math.inf,
            path_prefixes=(),
            methods=frozenset(),
            exempt_networks=tuple(networks),
        ),
    )


def _in_words(window: Window) -> str:
    kind = "read-only" if window.is_read_only else "on"
    scope = " ".join([*sorted(window.methods), *window.path_prefixes]) or "everything"
    return f"{kind} for {scope} until {window.ends_at or 'it is turned off'}"


gate = Gate()
os.register_at_fork(after_in_child=gate.after_fork)
