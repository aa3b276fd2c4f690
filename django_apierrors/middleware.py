"""The middleware: refuses requests during maintenance, and structures the errors of all others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.module_loading import import_string
from django.utils.translation import get_language
from django_ratelimit.exceptions import Ratelimited
from rest_framework.exceptions import APIException
from rest_framework.response import Response

from . import negotiation, responses, rewriting
from .conf import Settings, conf
from .drf_responses import ErrorResponse
from .exception_mapping import is_left_to_django
from .maintenance import banner
from .maintenance.always_allowed import is_admin_view
from .maintenance.decision import evaluate, refuse
from .maintenance.preflight import KEPT_FROM_VIEW, answer_preflight
from .problems import Problem
from .ratelimit import global_limits
from .request_line import refuse_nul
from .request_state import VIEW_LANGUAGE, RequestState
from .signals import maintenance_changed, problem_sent
from .snapshot import snapshot
from .snapshot.loader import use_copy
from .uncaught import EXCHANGE, Exchange, contain_stream, is_from_server, response_for_crash
from .windows import Window, monitor

# Plain numbers: compared with every response, where a member of an enum would take the longest.
_FIRST_ERROR, _FOUND = int(HTTPStatus.BAD_REQUEST), int(HTTPStatus.FOUND)

#: What is wrong, and the fix, when nothing passes this way: a system check and the admin's switch say it.
MISSING = (
    "Errors outside DRF views are not structured and maintenance refuses nothing: the middleware is missing.",
    'Add "django_apierrors.middleware.ApiErrorMiddleware" to MIDDLEWARE, below SecurityMiddleware, GZipMiddleware '
    "and CorsMiddleware and above everything else.",
)


class ApiErrorMiddleware:
    """Structures every error of the API that passes it; leaves everything else untouched.

    Belongs below GZip, Security and CORS and above everything else.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        """Run natively in the mode of ``get_response``.

        Raises ``ImproperlyConfigured`` for a wrong ``FORCE`` and for wrong global limits.
        """
        forced, force = conf.MAINTENANCE["FORCE"], Settings.MAINTENANCE.entries["FORCE"]
        if not force.is_valid(forced):  # servers run no system checks
            raise ImproperlyConfigured(f"APIERRORS['MAINTENANCE']['FORCE'] is {forced!r}. It must be {force.expected}.")
        global_limits.load_policies()
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)
            # A sync hook would cost every request, or every rendered response, a hop between threads.
            self.__dict__["process_view"] = self._process_view_async
            self.__dict__["process_template_response"] = self._process_template_response_async

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Return the response of the view, rewritten if it is an error."""
        if self.is_async:
            return self._call_async(request)
        if not snapshot.is_stale():
            return self._limit(request) if monitor.is_inactive() else self._admit(request)
        with use_copy(snapshot.refresh(request)):
            return self._admit(request)

    async def _call_async(self, request: HttpRequest) -> HttpResponseBase:
        if not snapshot.is_stale():
            return await (self._limit_async(request) if monitor.is_inactive() else self._admit_async(request))
        with use_copy(await snapshot.arefresh(request)):
            return await self._admit_async(request)

    def _admit(self, request: HttpRequest) -> HttpResponseBase:
        open_windows, is_changed = monitor.check()
        if is_changed:
            maintenance_changed.send_robust(Window, is_on=bool(open_windows), windows=open_windows)
        if not open_windows:
            return self._limit(request)
        decision = evaluate(request, open_windows)
        refused = refuse(request, decision)
        if refused is None:
            return decision.set_headers(self._limit(request))
        return self._sent(request, refused)

    async def _admit_async(self, request: HttpRequest) -> HttpResponseBase:
        open_windows, is_changed = monitor.check()
        if is_changed:
            await maintenance_changed.asend_robust(Window, is_on=bool(open_windows), windows=open_windows)
        if not open_windows:
            return await self._limit_async(request)
        decision = evaluate(request, open_windows)
        refused = refuse(request, decision)
        if refused is None:
            return decision.set_headers(await self._limit_async(request))
        return await self._sent_async(request, refused)

    def _limit(self, request: HttpRequest) -> HttpResponseBase:
        state = RequestState.of(request)
        names = state.conf.value("RATELIMIT", "GLOBAL")
        is_limited = names and global_limits.is_limited(request)
        refused = global_limits.check_global_limits(request, names) if is_limited else None
        if refused is None and (request.META.get("QUERY_STRING") or "\0" in request.path_info):
            refused = refuse_nul(request)
        return self._answer(request, state) if refused is None else self._sent(request, refused)

    async def _limit_async(self, request: HttpRequest) -> HttpResponseBase:
        state = RequestState.of(request)
        names = state.conf.value("RATELIMIT", "GLOBAL")
        is_limited = names and global_limits.is_limited(request)
        refused = await global_limits.acheck_global_limits(request, names) if is_limited else None
        if refused is None and (request.META.get("QUERY_STRING") or "\0" in request.path_info):
            refused = refuse_nul(request)
        return await (self._answer_async(request, state) if refused is None else self._sent_async(request, refused))

    def _answer(self, request: HttpRequest, state: RequestState) -> HttpResponseBase:
        state.is_inside = True
        exchange: Exchange | None = getattr(request, "scope", request.META).get(EXCHANGE)
        if exchange is not None:
            exchange.request = request
        try:
            response: HttpResponseBase = self.get_response(request)
        except BaseException as exc:  # Django answers an `Exception` below us
            if isinstance(exc, Exception) or is_from_server(exc, request):
                raise
            _renew_language(request, state)
            response = response_for_crash(request, exc)
        state.is_inside = False
        if exchange is not None:
            exchange.response = response
        if response.streaming:
            contain_stream(response)
        if state.usages:
            global_limits.set_headers(response, state)
        status = response.status_code
        if status < _FIRST_ERROR and status != _FOUND:
            return response
        response = rewriting.finish(request, response, state)
        return self._sent(request, response)

    async def _answer_async(self, request: HttpRequest, state: RequestState) -> HttpResponseBase:
        state.is_inside = True
        exchange: Exchange | None = getattr(request, "scope", request.META).get(EXCHANGE)
        if exchange is not None:
            exchange.request = request
        try:
            response: HttpResponseBase = await self.get_response(request)
        except BaseException as exc:  # Django answers an `Exception` below us
            if isinstance(exc, Exception) or is_from_server(exc, request):
                raise
            _renew_language(request, state)
            response = await sync_to_async(response_for_crash, thread_sensitive=False)(request, exc)
        state.is_inside = False
        if exchange is not None:
            exchange.response = response
        if response.streaming:
            contain_stream(response)
        if state.usages:
            global_limits.set_headers(response, state)
        status = response.status_code
        if status < _FIRST_ERROR and status != _FOUND:
            return response
        response = rewriting.finish(request, response, state)
        return await self._sent_async(request, response)

    def _sent(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        problem = responses.problem_of(response)
        if problem is not None:
            problem_sent.send_robust(Problem, problem=problem, request=request, response=response)
        return response

    async def _sent_async(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        problem = responses.problem_of(response)
        if problem is not None:
            await problem_sent.asend_robust(Problem, problem=problem, request=request, response=response)
        return response

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """Keep the active language; return the answer to a preflight during maintenance, in the place of its view."""
        request.__dict__[VIEW_LANGUAGE] = get_language()
        return answer_preflight() if KEPT_FROM_VIEW in request.__dict__ else None

    async def _process_view_async(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        request.__dict__[VIEW_LANGUAGE] = get_language()
        return answer_preflight() if KEPT_FROM_VIEW in request.__dict__ else None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Return the response to a deliberate error of a view; store any other for the finished response."""
        state = RequestState.of(request)
        state.language = negotiation.active_language()
        problem = rewriting.store_exception(request, state, exception)
        if problem is None or is_left_to_django(exception, problem.status) or _is_djangos(exception):
            return None
        return responses.make(problem, request)

    def process_template_response(self, request: HttpRequest, response: Any) -> Any:
        """Structure what a DRF view returned, and put the banner on a page of the admin, before they are rendered."""
        return _before_rendering(request, response)

    async def _process_template_response_async(self, request: HttpRequest, response: Any) -> Any:
        return _before_rendering(request, response)


def _renew_language(request: HttpRequest, state: RequestState) -> None:
    """Keep the active language of a crash that no other middleware is shown, if its view was called."""
    if VIEW_LANGUAGE in request.__dict__:
        request.__dict__[VIEW_LANGUAGE], state.language = get_language(), ""


def is_listed(path: str) -> bool:
    """Return whether an entry of ``MIDDLEWARE`` is this middleware, or a subclass of it."""
    try:
        found = import_string(path)
    except Exception:  # Django itself fails to start when there is none, and names it
        return False
    return isinstance(found, type) and issubclass(found, ApiErrorMiddleware)


def is_installed() -> bool:
    """Return whether requests pass the middleware."""
    return any(map(is_listed, settings.MIDDLEWARE))


def _is_djangos(exc: Exception) -> bool:
    # Django logs and answers these; a Ratelimited is a PermissionDenied only by inheritance.
    return isinstance(exc, (Http404, PermissionDenied)) and not isinstance(exc, (APIException, Ratelimited))


def _before_rendering(request: HttpRequest, response: Any) -> Any:
    """Return the response, the errors of a DRF view structured, a page of the admin with the banner of maintenance."""
    if isinstance(response, Response):
        if response.status_code >= _FIRST_ERROR and not isinstance(response, ErrorResponse):
            rewriting.convert_returned(request, response)
    elif not monitor.is_inactive() and is_admin_view(request, request.resolver_match):
        banner.add_banner(request, response)
    return response
