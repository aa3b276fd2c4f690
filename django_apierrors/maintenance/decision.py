"""The decision whether a request is refused during maintenance."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _

from .. import headers, negotiation, url_resolution
from ..client_ip import own_address
from ..conf import conf
from ..paths import is_one_of
from ..windows import FORCED, Window
from . import always_allowed, bypass, decorators, preflight, responses


class Reason(enum.Enum):
    """The reason for a decision."""

    NOTHING_ON = _("No maintenance is on.")
    FORCED_OFF = _('MAINTENANCE["FORCE"] is False: everything passes.')
    EXEMPT_PATH = _('One of MAINTENANCE["EXEMPT_PATHS"], by which orchestrators look after the process.')
    OUT_OF_SCOPE = _("No open window covers this path and method.")
    READ = _("Reading goes on in a read-only window.")
    CONTROL_PLANE = _("Operators need it: the admin, a login, static files, the documentation of errors.")
    BYPASS = _("It carries a bypass for the open windows.")
    NETWORK = _("Its address is in the exempt networks of the window.")
    EXEMPT_VIEW = _("Its view is marked with @maintenance_exempt.")
    PREFLIGHT = _("A CORS preflight: browsers must be able to read the answer that follows. It reaches no view.")
    REFUSED = _("An open window covers it.")


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision about one request; ``window`` is the one that refuses it.

    ``is_read_only``: a read-only window covers the request. ``is_bypassed``: without its bypass the
    request would be refused.
    """

    reason: Reason
    window: Window | None = None
    is_read_only: bool = False
    is_bypassed: bool = False

    def set_headers(self, response: HttpResponseBase) -> HttpResponseBase:
        """Set the headers of the response to a request that passes: read-only mode, and no caching behind a bypass."""
        if self.is_read_only:
            response[headers.X_MAINTENANCE] = "read-only"
        if self.is_bypassed:
            response[headers.CACHE_CONTROL] = "private, no-store"
        return response


def evaluate(request: HttpRequest, open_windows: Sequence[Window]) -> Decision:
    """Return the decision about a request while some windows, the strictest first, are open.

    Cheap reasons come first, and none queries the database. The view is resolved only when no
    other reason applies.
    """
    if not open_windows:
        return Decision(Reason.NOTHING_ON if conf.MAINTENANCE["FORCE"] is None else Reason.FORCED_OFF)
    method = request.method or ""
    if is_one_of(request.path_info, conf.MAINTENANCE["EXEMPT_PATHS"]):
        return Decision(Reason.EXEMPT_PATH)
    covering = [window for window in open_windows if window.covers(request.path_info, method)]
    if not covering:
        return Decision(Reason.OUT_OF_SCOPE)
    refusing = [window for window in covering if window.refuses(method)]
    is_read_only = len(refusing) < len(covering)
    if not refusing:
        return Decision(Reason.READ, is_read_only=True)
    if always_allowed.matches_path(request):
        return Decision(Reason.CONTROL_PLANE)
    keys = bypass.keys(request)
    bypassed = [window for window in refusing if window.key in keys and window.key != FORCED]
    is_bypassed = bool(bypassed)
    refusing = [window for window in refusing if window not in bypassed]
    if not refusing:
        return Decision(Reason.BYPASS, None, is_read_only, is_bypassed)
    if any(window.exempt_networks for window in refusing):
        address = own_address(request)
        refusing = [window for window in refusing if not window.exempts(address)]
        if not refusing:
            return Decision(Reason.NETWORK, None, is_read_only, is_bypassed)
    match = url_resolution.resolve(request)
    if always_allowed.matches_view(request, match):
        return Decision(Reason.CONTROL_PLANE)
    if decorators.is_exempt(match, method):
        return Decision(Reason.EXEMPT_VIEW, None, is_read_only, is_bypassed)
    if negotiation.is_preflight(request):
        return Decision(Reason.PREFLIGHT)
    request.resolver_match = match  # the view may determine the format of the response
    return Decision(Reason.REFUSED, refusing[0])


def refuse(request: HttpRequest, decision: Decision) -> HttpResponse | None:
    """Return the response to a request that is refused, ``None`` for one that passes.

    A preflight passes, but reaches no view: see ``preflight``.
    """
    if decision.reason is Reason.PREFLIGHT:
        preflight.keep_from_view(request)
    return None if decision.window is None else responses.make_response(decision.window, request)
