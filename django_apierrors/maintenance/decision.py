"""The gate: which requests pass while maintenance is on."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _

from .. import headers, negotiation, url_resolution
from ..client_ip import client_address
from ..conf import conf
from ..paths import is_one_of
from ..windows import FORCED, Window
from . import always_allowed, bypass, decorators, responses


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
        return Verdict(Reason.NOTHING_ON if conf.MAINTENANCE["FORCE"] is None else Reason.FORCED_OFF)
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
    if always_allowed.holds(request):
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
    match = url_resolution.resolved(request)
    if always_allowed.serves(match):
        return Verdict(Reason.CONTROL_PLANE)
    if decorators.is_exempt(match, method):
        return Verdict(Reason.EXEMPT_VIEW, None, is_read_only, is_bypassed)
    request.resolver_match = match  # the view may name the format of the answer
    return Verdict(Reason.REFUSED, refusing[0])


def refusal(request: HttpRequest, verdict: Verdict) -> HttpResponse | None:
    """Return the answer to a request that does not pass, ``None`` for one that does."""
    return None if verdict.window is None else responses.refusal(verdict.window, request)
