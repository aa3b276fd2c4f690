"""The exceptions for views: ``ApiError`` and its ready-made subclasses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, ClassVar

from django.utils.encoding import force_str
from django_ratelimit.exceptions import Ratelimited
from rest_framework.exceptions import APIException, ErrorDetail

from . import codes
from .database_errors import CheckViolation as CheckViolation
from .database_errors import ForeignKeyViolation as ForeignKeyViolation
from .database_errors import NotNullViolation as NotNullViolation
from .database_errors import UniqueViolation as UniqueViolation
from .usage import Usage

_DEFINING = {field.name for field in fields(codes.ErrorDefinition)}


class RaiseSiteError(LookupError):
    """Raised under ``STRICT`` where an exception is read whose raise site is wrong, so that tests of a project fail."""


class UnknownErrorCode(RaiseSiteError):
    """Raised under ``STRICT`` for a code that neither Python nor the catalog defines."""


class UnfilledPlaceholder(RaiseSiteError):
    """Raised under ``STRICT`` for an error whose message has a placeholder that the raise site did not fill."""


class UndeclaredDetails(RaiseSiteError):
    """Raised under ``STRICT`` for an error whose details are not those that its code declares."""


class ApiError(APIException):
    """An error with a code of the catalog, for DRF views and plain views, sync and async.

    ``ApiError("INSUFFICIENT_BALANCE", details={...}, params={...})``. All arguments are optional; by
    position come code and message. Of a class with a code of its own the only one is the message:
    ``ResourceConflict("The name is taken.")``, unless it is spelled like a code.

    - ``code``: a code of the catalog; default: the class's own.
    - ``message``: text for this one error, as the client reads it, braces included; counts where
      the code's ``pass_detail`` allows it.
    - ``status``: 400 to 599, instead of the catalog's.
    - ``details``: a mapping of JSON values that the client receives as it is.
    - ``params``: values for the placeholders of the code's texts; each that the message needs.
    - ``param``: the dotted path of the value that the error is about (``items.0.price``).
    - ``in_query``: whether that is a query parameter; default: whether the method is GET or HEAD.
    - ``retry_after``: seconds until a retry makes sense.
    - ``headers``: further response headers.

    A subclass with a ``code`` and at least one of ``status``, ``title`` and ``message``
    registers that code; ``params`` and ``details`` on the class declare its placeholders and the
    members of its details by samples, which are never sent.
    Other values are those of the code's earlier definition, or of its parent's code. ``param``,
    ``in_query``, ``retry_after`` and ``headers`` on the class are the defaults of its instances, and
    so are ``details`` on a class that registers nothing. Raises ``TypeError`` for texts without a
    code, for a code without a status and for more than two arguments by position, ``ValueError``
    when the contract is not valid.
    """

    code: str = "INTERNAL_SERVER_ERROR"
    status: int | None = None
    title: ClassVar[codes.Text] = ""
    message: codes.Text | None = None
    message_without: ClassVar[codes.Text] = ""
    type: ClassVar[str] = ""
    retry: ClassVar[str] = "never"
    description: ClassVar[codes.Text] = ""
    causes: ClassVar[Sequence[codes.Text]] = ()
    remedy: ClassVar[Sequence[codes.Text]] = ()
    pass_detail: ClassVar[bool | None] = None
    since: ClassVar[str] = ""
    doc_url: ClassVar[str] = ""
    names: ClassVar[Mapping[str, str]] = {}
    params: Mapping[str, Any] = {}
    details: Mapping[str, Any] | None = None
    param: str | None = None
    in_query: bool | None = None
    retry_after: float | None = None
    headers: Mapping[str, str] = {}
    #: The details of an instance that gives none.
    default_details: ClassVar[Mapping[str, Any] | None] = None
    #: The code of the class, ``""`` for ``ApiError`` and others without one.
    own_code: ClassVar[str] = ""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Register the code of a subclass that defines one."""
        super().__init_subclass__(**kwargs)
        own = vars(cls)
        cls.own_code = own.get("code", cls.own_code)
        defines = [name for name in ("status", "title", "message") if name in own]
        if "details" in own:
            cls.default_details = None if defines else own["details"]
        if defines and "code" in own:
            codes.register(cls._definition())
        elif defines:
            raise TypeError(
                f'{cls.__qualname__} has {defines[0]!r} but no code of its own; add e.g. `code = "ACCOUNT_CLOSED"`, '
                f"or give {defines[0]} where {cls.__base__.__name__} is raised."  # type: ignore[union-attr]
            )

    @classmethod
    def _definition(cls) -> codes.ErrorDefinition:
        own: dict[str, Any] = {name: value for name, value in vars(cls).items() if name in _DEFINING}
        known = codes.get(cls.code)  # in this case: another is a code of its own, which is refused
        if known is not None:
            # Reworded; or, with another status, refused by register() and reported by a check.
            implied: dict[str, Any] = (
                {} if own.get("status") in (None, known.status) else {"type": "", "pass_detail": None}
            )
            return replace(known, **implied, **own)
        parent = next((codes.get(vars(base)["code"]) for base in cls.__mro__[1:-1] if "code" in vars(base)), None)
        if cls.__base__ is not ApiError and parent is not None:
            shared = ("type", "retry", "pass_detail") if own.get("status") in (None, parent.status) else ("retry",)
            own = {"status": parent.status} | {name: getattr(parent, name) for name in shared} | own
        if own.get("status") is None:
            raise TypeError(f"{cls.__qualname__} defines {cls.code!r} without a status; add e.g. `status = 422`.")
        title = own.get("title") or cls.code.replace("_", " ").capitalize()
        texts: dict[str, Any] = {"title": title, "message": f"{title}."}
        return codes.ErrorDefinition(**texts | own)

    def __init__(
        self,
        *args: codes.Text | None,
        code: str | None = None,
        message: codes.Text | None = None,
        status: int | None = None,
        details: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
        param: str | None = None,
        in_query: bool | None = None,
        retry_after: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Keep the arguments; the catalog supplies the rest when the error is answered."""
        code, message = self._code_and_message(args, code, message)
        Exception.__init__(self, *(arg for arg in (code, message) if arg is not None))
        if code is None and status is not None and type(self) is ApiError:
            code = ""  # the catalog's code for that status
        self.code = self.code if code is None else code
        self.message = message
        self.status = status
        self.details = self.default_details if details is None else details
        self.params = params or {}
        self.param = self.param if param is None else param
        self.in_query = self.in_query if in_query is None else in_query
        self.retry_after = self.retry_after if retry_after is None else retry_after
        self.headers = self.headers if headers is None else headers

    def _code_and_message(
        self, given: tuple[Any, ...], code: str | None, message: codes.Text | None
    ) -> tuple[Any, codes.Text | None]:
        """Return the code and the message that the arguments mean, ``None`` for what they leave out."""
        if len(given) > 2:
            raise TypeError(f"{type(self).__qualname__} takes a code and a message by position, no more.")
        only = given[0] if len(given) == 1 and message is None else None
        if only is not None and self.own_code and (code is not None or not codes.is_code(only)):
            return code, only
        first, second = (*given, None, None)[:2]
        if (first is not None and code is not None) or (second is not None and message is not None):
            raise TypeError(f"{type(self).__qualname__} got its code or its message twice.")
        return (code if first is None else first), (message if second is None else second)

    def _known(self) -> codes.ErrorDefinition | None:
        return codes.find(self.code) or codes.find(self.own_code)

    @property
    def default_code(self) -> str:  # type: ignore[override]
        """The code, for readers that know only DRF."""
        return self.code

    @property
    def status_code(self) -> int:  # type: ignore[override]
        """The status, for readers that know only DRF: explicit, else the definition's, else 500."""
        if self.status is not None:
            return self.status
        definition = self._known()
        return definition.status if definition else 500

    @property
    def detail(self) -> ErrorDetail:  # type: ignore[override]
        """The text and code, for readers that know only DRF."""
        definition = self._known()
        if definition is None:
            return ErrorDetail(force_str(self.message or self.code), self.code)
        text = self.message if definition.pass_detail else None
        return ErrorDetail(force_str(text or definition.title), self.code)


class RateTooHigh(Ratelimited):  # type: ignore[misc]  # it is not annotated
    """429: the client sent too many requests; ``usages`` has the limits, and the seconds until they reset.

    A subclass of django-ratelimit's ``Ratelimited``, so that code which catches that catches this, too.
    """

    def __init__(self, usages: Iterable[Usage] = ()) -> None:
        """Take the usages of all limits that were checked."""
        self.usages = tuple(usages)
        super().__init__()


class AuthKeyNotFound(ApiError):
    """401: the request carries no credentials."""

    code = "AUTH_KEY_NOT_FOUND"


class AuthKeyInvalid(ApiError):
    """401: the credentials are not valid."""

    code = "AUTH_KEY_INVALID"


class ParamNotFound(ApiError):
    """400: a required parameter of the query string or the body is absent."""

    code = "PARAM_NOT_FOUND"

    def __init__(self, param: str, **kwargs: Any) -> None:
        """Take the dotted path of the absent parameter."""
        super().__init__(param=param, **kwargs)
        self.args = (param,)


class ResourceNotFound(ApiError):
    """404: nothing exists with that identifier, or it is hidden from the client."""

    code = "RESOURCE_NOT_FOUND"


class ResourceConflict(ApiError):
    """409: the request conflicts with the current state."""

    code = "RESOURCE_CONFLICT"


class IdempotencyKeyMissing(ApiError):
    """400: the request needs an idempotency key."""

    code = "IDEMPOTENCY_KEY_MISSING"


class IdempotencyKeyReused(ApiError):
    """422: the idempotency key was used with different data."""

    code = "IDEMPOTENCY_KEY_REUSED"


class UnprocessableRequest(ApiError):
    """422: the data is well formed but breaks a rule."""

    code = "UNPROCESSABLE_REQUEST"


class BadGateway(ApiError):
    """502: an upstream service failed."""

    code = "BAD_GATEWAY"


class GatewayTimeout(ApiError):
    """504: an upstream service did not respond in time."""

    code = "GATEWAY_TIMEOUT"


class _RetryableError(ApiError):
    """An error whose first argument is the wait in seconds."""

    def __init__(self, retry_after: float | None = None, **kwargs: Any) -> None:
        """Take the seconds after which a retry makes sense."""
        super().__init__(retry_after=retry_after, **kwargs)
        self.args = (retry_after,)


class IdempotencyKeyInUse(_RetryableError):
    """409: the first request with this idempotency key is still running."""

    code = "IDEMPOTENCY_KEY_IN_USE"


class ServiceUnavailable(_RetryableError):
    """503: the service is temporarily unavailable."""

    code = "SERVICE_UNAVAILABLE"
