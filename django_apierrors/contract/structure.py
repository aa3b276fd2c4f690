"""The errors that follow from the settings of a view and of the project."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from rest_framework import pagination, permissions, versioning
from rest_framework.authentication import SessionAuthentication
from rest_framework.filters import OrderingFilter

from ..conf import conf
from ..exception_facts import registered_code
from ..paths import is_one_of
from ..ratelimit.decorators import LIMITS
from ..ratelimit.policies import Policy, find_policy
from ..ratelimit.throttles import RatelimitThrottle
from .operation import Operation
from .sources import Raised, closure
from .view_calls import CODES_OF_FILTER

_SAFE_METHODS = permissions.SAFE_METHODS
# The second is a NUL in the path or the query.
_CODES_OF_ALL = (
    *("INVALID_REQUEST", "REQUEST_MALFORMED"),
    *("INTERNAL_SERVER_ERROR", "REQUEST_INTERRUPTED", "SERVICE_UNAVAILABLE"),
)
_CODES_OF_BODY = (
    *("PARAM_NOT_FOUND", "VALIDATION_FAILED"),
    *("PAYLOAD_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"),
)
_CODES_OF_CREDENTIALS = ("AUTH_KEY_NOT_FOUND", "AUTH_KEY_INVALID")
# These refuse nobody who is authenticated.
_OF_AUTHENTICATION = (permissions.IsAuthenticated, permissions.IsAuthenticatedOrReadOnly)
_VERSIONS_BY_404 = (versioning.QueryParameterVersioning, versioning.HostNameVersioning)
_CSRF = "django.middleware.csrf.CsrfViewMiddleware"


def structural_errors(operation: Operation) -> Iterator[Raised]:
    """Iterate over the errors that an operation has by its settings, each with what it follows from."""
    for code in _CODES_OF_ALL:
        yield Raised(code, "every operation")
    if "{" in operation.path:
        # A value that the pattern of the path does not match is no address of the API.
        yield from (Raised(code, "path parameter") for code in ("RESOURCE_NOT_FOUND", "ENDPOINT_NOT_FOUND"))
    yield from _maintenance(operation)
    yield from _limits(operation)
    if operation.is_of_drf:
        yield Raised("NOT_ACCEPTABLE", "content negotiation")
        yield from _access(operation)
        yield from _parameters(operation)
    elif operation.method not in _SAFE_METHODS and not _is_csrf_exempt(operation):
        yield Raised("CSRF_FAILED", _CSRF)
    if operation.has_body and operation.is_of_drf:
        yield from (Raised(code, "request body") for code in _CODES_OF_BODY)
    if operation.method == "DELETE":
        yield Raised("RESOURCE_CONFLICT", "DELETE")


def _access(operation: Operation) -> Iterator[Raised]:
    authenticators = operation.of_kind("authentication")
    for authenticator in authenticators[:1]:
        status = _status_without_challenge(operation, authenticator)
        yield from (Raised(code, _name(authenticator), status) for code in _CODES_OF_CREDENTIALS)
    for authenticator in authenticators:
        if isinstance(authenticator, SessionAuthentication) and operation.method not in _SAFE_METHODS:
            yield Raised("CSRF_FAILED", _name(authenticator))
    for permission in operation.of_kind("permission"):
        code = registered_code(getattr(permission, "code", None))
        if code:
            yield Raised(code, _name(permission))
        if type(permission) is permissions.AllowAny or (authenticators and type(permission) in _OF_AUTHENTICATION):
            continue
        yield Raised("PERMISSION_DENIED", _name(permission))


def _status_without_challenge(operation: Operation, authenticator: Any) -> int | None:
    """Return 403 where DRF's own status of a missing key is kept, else ``None``."""
    if conf.UNAUTHENTICATED != "drf":
        return None
    try:
        challenge = authenticator.authenticate_header(operation.view.request)
    except Exception as exc:  # it may need a real request
        operation.warnings.append(f"{_name(authenticator)}: authenticate_header() failed: {exc!r}")
        return None
    return None if challenge else 403


def _parameters(operation: Operation) -> Iterator[Raised]:
    for paginator in operation.of_kind("paginator"):
        if not issubclass(paginator, pagination.LimitOffsetPagination):  # it corrects what it is given
            yield Raised("RESOURCE_NOT_FOUND", _name(paginator))
    for backend in operation.of_kind("filter") if operation.is_filtered else ():
        if not issubclass(backend, OrderingFilter):
            yield from (Raised(code, _name(backend)) for code in CODES_OF_FILTER)
    scheme = getattr(operation.view, "versioning_class", None)
    if scheme is not None and issubclass(scheme, _VERSIONS_BY_404):
        yield Raised("RESOURCE_NOT_FOUND", _name(scheme))


def _maintenance(operation: Operation) -> Iterator[Raised]:
    if is_one_of(operation.path, conf.MAINTENANCE["EXEMPT_PATHS"]):
        return
    if any(getattr(owner, "maintenance_exempt", False) for owner in operation.owners):
        return
    yield Raised("MAINTENANCE", "maintenance")
    if operation.method not in _SAFE_METHODS:
        yield Raised("READ_ONLY", "read-only maintenance")


def _limits(operation: Operation) -> Iterator[Raised]:
    for place, named in _policies(operation):
        policy = find_policy(named)
        if policy is not None and policy.covers(operation.method):
            yield Raised("RATE_TOO_HIGH", place)
            if policy.is_closed_on_error:
                yield Raised("RATE_LIMITER_UNAVAILABLE", place)
        elif named is None:
            yield Raised("RATE_TOO_HIGH", place)


def _policies(operation: Operation) -> Iterator[tuple[str, Policy | str | None]]:
    """Iterate over the limits of an operation, each with its policy, ``None`` for a limit of others."""
    if not is_one_of(operation.path, conf.RATELIMIT["EXEMPT_PATHS"]):
        yield from (('RATELIMIT["GLOBAL"]', name) for name in conf.RATELIMIT["GLOBAL"])
    dispatch = getattr(type(operation.view), "dispatch", None)
    for owner in (*operation.owners, dispatch):
        yield from (("@ratelimit", limit) for limit in getattr(owner, LIMITS, ()))
        if _has_limit_of_others(owner):
            yield "django_ratelimit", None
    for throttle in operation.of_kind("throttle"):
        if isinstance(throttle, RatelimitThrottle):
            named = throttle.policy or getattr(operation.view, "throttle_scope", None)
            yield from [(_name(throttle), named)] if named else []
        elif getattr(throttle, "rate", "") is not None and not _is_without_scope(throttle, operation.view):
            yield _name(throttle), None


def _is_without_scope(throttle: Any, view: Any) -> bool:
    attribute = getattr(throttle, "scope_attr", None)  # of a ScopedRateThrottle
    return attribute is not None and not getattr(view, attribute, None)


def _has_limit_of_others(function: Any) -> bool:
    """Return whether a function is limited by the decorator of django-ratelimit itself, which refuses requests."""
    for _ in range(50):
        if getattr(function, "__globals__", {}).get("__name__") == "django_ratelimit.decorators":
            return dict(closure(function)).get("block") is True
        function = getattr(function, "__wrapped__", None)
        if function is None:
            break
    return False


def _is_csrf_exempt(operation: Operation) -> bool:
    return _CSRF not in settings.MIDDLEWARE or getattr(operation.callback, "csrf_exempt", False)


def _name(part: Any) -> str:
    cls = part if isinstance(part, type) else type(part)
    return f"{cls.__module__}.{cls.__qualname__}"
