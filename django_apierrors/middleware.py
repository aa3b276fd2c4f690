"""The middleware: the gate of maintenance, what views raise, and finished errors, rewritten in place."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.utils.module_loading import import_string
from django_ratelimit.exceptions import Ratelimited
from rest_framework.exceptions import APIException
from rest_framework.response import Response

from . import classification, conversion, headers, negotiation, responses
from .conf import NESTED, conf
from .limits import recorded
from .maintenance import banner
from .maintenance.gate import gate, judge, refusal
from .problems import Problem
from .ratelimit import door
from .signals import maintenance_changed, problem_sent
from .snapshot import snapshot
from .stored import within
from .windows import Window

logger = logging.getLogger("django_apierrors")

# A plain number: compared with every response of DRF, where a member of an enum would take the longest.
_FIRST_ERROR = int(HTTPStatus.BAD_REQUEST)

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
        is_right, wanted = NESTED["MAINTENANCE"]["FORCE"]
        if not is_right(conf.FORCE):  # servers run no system checks
            raise ImproperlyConfigured(f"APIERRORS['MAINTENANCE']['FORCE'] is {conf.FORCE!r}. It must be {wanted}.")
        door.prepare()
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)
            # A sync hook would cost every rendered response a hop between threads.
            self.process_template_response = self._process_template_response_async  # type: ignore[method-assign]

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Pass the request on and finish what comes back."""
        if self.is_async:
            return self._call_async(request)
        if not snapshot.is_stale():
            return self._limit(request) if gate.is_quiet() else self._admit(request)
        with within(snapshot.refresh(request)):
            return self._admit(request)

    async def _call_async(self, request: HttpRequest) -> HttpResponseBase:
        if not snapshot.is_stale():
            return await (self._limit_async(request) if gate.is_quiet() else self._admit_async(request))
        with within(await snapshot.arefresh(request)):
            return await self._admit_async(request)

    def _admit(self, request: HttpRequest) -> HttpResponseBase:
        opened, is_changed = gate.look()
        if is_changed:
            maintenance_changed.send_robust(Window, is_on=bool(opened), windows=opened)
        if not opened:
            return self._limit(request)
        verdict = judge(request, opened)
        refused = refusal(request, verdict)
        if refused is None:
            return verdict.dress(self._limit(request))
        return self._sent(request, refused)

    async def _admit_async(self, request: HttpRequest) -> HttpResponseBase:
        opened, is_changed = gate.look()
        if is_changed:
            await maintenance_changed.asend_robust(Window, is_on=bool(opened), windows=opened)
        if not opened:
            return await self._limit_async(request)
        verdict = judge(request, opened)
        refused = refusal(request, verdict)
        if refused is None:
            return verdict.dress(await self._limit_async(request))
        return await self._sent_async(request, refused)

    def _limit(self, request: HttpRequest) -> HttpResponseBase:
        refused = door.refusal(request) if conf.GLOBAL and door.is_counted(request) else None
        if refused is None:
            return self._answer(request)
        return self._sent(request, refused)

    async def _limit_async(self, request: HttpRequest) -> HttpResponseBase:
        refused = await door.arefusal(request) if conf.GLOBAL and door.is_counted(request) else None
        if refused is None:
            return await self._answer_async(request)
        return await self._sent_async(request, refused)

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

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        request._apierrors_within = True  # type: ignore[attr-defined]
        response: HttpResponseBase = self.get_response(request)
        request._apierrors_within = False  # type: ignore[attr-defined]
        if recorded(request):
            door.dress(response, request)
        if response.status_code < HTTPStatus.BAD_REQUEST and response.status_code != HTTPStatus.FOUND:
            return response
        return self._sent(request, _finished(request, response))

    async def _answer_async(self, request: HttpRequest) -> HttpResponseBase:
        request._apierrors_within = True  # type: ignore[attr-defined]
        response: HttpResponseBase = await self.get_response(request)
        request._apierrors_within = False  # type: ignore[attr-defined]
        if recorded(request):
            door.dress(response, request)
        if response.status_code < HTTPStatus.BAD_REQUEST and response.status_code != HTTPStatus.FOUND:
            return response
        return await self._sent_async(request, _finished(request, response))

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer a deliberate error that a view raised; remember any other for the finished response."""
        if not responses.remember(request, exception):
            return None
        code, status = classification.classify(exception)
        if classification.is_left_to_django(exception, status) or _is_djangos(exception):
            return None
        return responses.make(conversion.from_exception(exception, request, code, status), request)

    def process_template_response(self, request: HttpRequest, response: Any) -> Any:
        """Structure what a DRF view returned, and put the banner on a page of the admin, before they are rendered."""
        return _before_rendering(request, response)

    async def _process_template_response_async(self, request: HttpRequest, response: Any) -> Any:
        return _before_rendering(request, response)


def is_listed(path: str) -> bool:
    """Tell whether an entry of ``MIDDLEWARE`` is this middleware, or a subclass of it."""
    try:
        found = import_string(path)
    except Exception:  # Django itself fails to start when there is none, and names it
        return False
    return isinstance(found, type) and issubclass(found, ApiErrorMiddleware)


def is_installed() -> bool:
    """Tell whether requests pass the middleware."""
    return any(map(is_listed, settings.MIDDLEWARE))


def _is_djangos(exc: Exception) -> bool:
    # Django logs and answers these; a Ratelimited is a PermissionDenied only by inheritance.
    return isinstance(exc, (Http404, PermissionDenied)) and not isinstance(exc, (APIException, Ratelimited))


def _finished(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Return the response as it leaves, structured if that is ours to do."""
    try:
        if responses.problem_of(response) is None:
            problem = _problem_of_finished(request, response)
            if problem is not None:
                response = responses.write(response, problem, request)
    except Exception:  # the answer of somebody else must never be lost to a fault of ours
        logger.exception("An error answer could not be structured; it was sent as it was")
    finally:
        conversion.forget(request)
    return response


def _problem_of_finished(request: HttpRequest, response: HttpResponseBase) -> Problem | None:
    if response.status_code == HTTPStatus.FOUND:
        return conversion.unauthorized(request) if _is_login_redirect(request, response) else None
    exc = conversion.remembered(request)
    if not responses.is_structured(request, exc):
        return None
    problem = conversion.from_response(request, response, names_html=negotiation.names_html(request))
    if problem is not None and exc is not None and settings.DEBUG and not conf.DEBUG_ERRORS:
        is_crash = classification.is_left_to_django(exc, problem.status)
        if is_crash and problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            response.status_code = problem.status
            return None  # Django's technical page helps a developer more than our words
    return problem


def _is_login_redirect(request: HttpRequest, response: HttpResponseBase) -> bool:
    if not conf.LOGIN_REDIRECT_AS_401 or not responses.is_structured(request):
        return False
    target = response.headers.get(headers.LOCATION, "").partition("?")[0]
    return target == resolve_url(settings.LOGIN_URL).partition("?")[0]


def _before_rendering(request: HttpRequest, response: Any) -> Any:
    """Return the response, the errors of a DRF view structured, a page of the admin with the banner of maintenance."""
    if isinstance(response, Response):
        if response.status_code >= _FIRST_ERROR:
            _convert_returned(request, response)
    elif banner.is_admin(request) and not gate.is_quiet():
        banner.add(request, response)
    return response


def _convert_returned(request: HttpRequest, response: Response) -> None:
    if responses.problem_of(response) is not None or isinstance(response, responses.ErrorResponse):
        return
    data, status = response.data, response.status_code
    if conversion.is_error_detail(data) and responses.is_structured(request):
        code = classification.code_for_detail(data, status)
        responses.convert(response, conversion.from_detail(data, request, code, status), request)
