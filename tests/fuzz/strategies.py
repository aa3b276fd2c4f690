"""Strategies of hypothesis: values that somebody's code may hold, and exceptions and responses made of them."""

import enum
import logging
import os
from contextlib import contextmanager
from decimal import Decimal

import pytest
from django.core import exceptions as django_exceptions
from django.http import Http404
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy
from django_ratelimit.exceptions import Ratelimited
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from rest_framework import exceptions

from django_apierrors.exceptions import ApiError, ParamNotFound, RateTooHigh, ResourceConflict, ServiceUnavailable

MOST_EXAMPLES = 2000


def profile(name, parts=1, default=1000):
    """Return the decorator of a test: a thousand examples, always the same, or as many as the environment says.

    A test that has several parameters runs once for each, with its part of the examples. It runs in batches,
    for Hypothesis keeps all examples of a run in memory.
    """
    count = int(os.environ.get(name, default)) // parts
    batches = -(-count // MOST_EXAMPLES)

    def decorate(test):
        configured = settings(
            max_examples=-(-count // batches),
            derandomize=count == default // parts,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )(test)
        return pytest.mark.parametrize("batch", range(batches))(configured)

    return decorate


class Formatting(logging.Handler):
    """Writes every record, as a file or a terminal would, and keeps none."""

    def emit(self, record):
        self.format(record)


@contextmanager
def written_records():
    """Let the records of requests be written in the block, but not into the report of the test, which keeps them."""
    loggers = [logging.getLogger(name) for name in ("django_apierrors", "django")]
    before = [(logger.handlers, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.handlers, logger.propagate = [Formatting()], False
    try:
        yield
    finally:
        for logger, (handlers, propagate) in zip(loggers, before, strict=True):
            logger.handlers, logger.propagate = handlers, propagate


class Bad:
    """A value that cannot be read in any way."""

    def _fail(self, *args):
        raise RuntimeError("secret: cannot be read")

    __str__ = __repr__ = __float__ = __int__ = __bool__ = __len__ = __iter__ = __eq__ = __hash__ = _fail


class BadText(str):
    __slots__ = ()

    def __str__(self):
        raise RuntimeError("secret: no text")


class BadDict(dict):
    def items(self):
        yield "first", ["read"]
        raise RuntimeError("secret: no more items")


class Endless(list):
    def __iter__(self):
        while True:
            yield "again"


class Color(enum.Enum):
    RED = "red"
    ODD = object()


class Level(enum.IntEnum):
    LOW = 1


def _broken_translation():
    raise KeyError("secret: translation")


def _itself(kind):
    value = kind()
    if kind is dict:
        value["a"] = ["x"]
        value["self"] = value
    else:
        value.extend(["x", value])
    return value


def _shared(levels=100):
    value = ["x"]
    for _ in range(levels):
        value = [value, value]
    return value


def _empty_shared(levels=100):
    value = []
    for _ in range(levels):
        value = {"a": value, "b": value}
    return value


def _deep(levels=3000):
    value = ["x"]
    for _ in range(levels):
        value = {"k" * 150: value}
    return value


#: Functions that make a value: each example has one of its own.
SPECIAL = [
    Bad,
    lambda: BadText("text"),
    lambda: BadDict(a=["x"]),
    Endless,
    lambda: lazy(_broken_translation, str)(),
    lambda: gettext_lazy("This field is required."),
    lambda: Color.RED,
    lambda: Color.ODD,
    lambda: Level.LOW,
    lambda: _itself(dict),
    lambda: _itself(list),
    _shared,
    _empty_shared,
    _deep,
    lambda: 10**5000,
    lambda: "x" * 200_000,
    lambda: "\U0001f600" * 20_000,
    lambda: {str(number): ["€" * 200] for number in range(400)},
    lambda: iter("ab"),
    object,
    lambda: type("Lonely", (), {}),
]
_texts = st.one_of(
    st.sampled_from(
        ["", "invalid", "required", "{param}", "{0.__class__}", "a\r\nX-Injected: 1", "\0", "\ud800", "é€"]
    ),
    st.text(st.characters(), max_size=20),
)
_leaves = st.one_of(
    _texts,
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.binary(max_size=5),
    st.just(Decimal("NaN")),
    st.builds(exceptions.ErrorDetail, _texts, st.one_of(_texts, st.none(), st.integers())),
    st.sampled_from(SPECIAL).map(lambda make: make()),
)
_keys = st.one_of(
    _texts,
    st.none(),
    st.integers(),
    st.booleans(),
    st.sampled_from([lambda: (1, 2), lambda: 10**5000, lambda: Color.RED]).map(lambda make: make()),
)
values = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(_keys, inner, max_size=4), st.tuples(inner, inner)
    ),
    max_leaves=8,
)

#: Exceptions that somebody raises on purpose, with the status that they mean.
DELIBERATE = [
    (exceptions.ValidationError, 400),
    (exceptions.ParseError, 400),
    (exceptions.NotAuthenticated, 401),
    (exceptions.AuthenticationFailed, 401),
    (exceptions.PermissionDenied, 403),
    (exceptions.NotFound, 404),
    (lambda: exceptions.MethodNotAllowed("GET"), 405),
    (exceptions.NotAcceptable, 406),
    (lambda: exceptions.UnsupportedMediaType("x/y"), 415),
    (exceptions.Throttled, 429),
    (lambda: ApiError("RESOURCE_CONFLICT"), 409),
    (lambda: ApiError("VALIDATION_FAILED"), 400),
    (lambda: ApiError("AUTH_KEY_INVALID"), 401),
    (ResourceConflict, 409),
    (lambda: ParamNotFound("amount"), 400),
    (ServiceUnavailable, 503),
    (Http404, 404),
    (django_exceptions.PermissionDenied, 403),
    (django_exceptions.BadRequest, 400),
    (django_exceptions.SuspiciousOperation, 400),
    (lambda: django_exceptions.ValidationError("x"), 400),
    (Ratelimited, 429),
    (RateTooHigh, 429),
]
CRASHES = [(ZeroDivisionError, 500), (RuntimeError, 500), (exceptions.APIException, 500), (KeyError, 500)]
ATTRIBUTES = [
    "args",
    "auth_header",
    "available_renderers",
    "code",
    "default_code",
    "default_detail",
    "detail",
    "details",
    "error_dict",
    "error_list",
    "headers",
    "in_query",
    "message",
    "messages",
    "own_code",
    "param",
    "params",
    "retry_after",
    "status",
    "status_code",
    "usages",
    "wait",
]


class Raising:
    """Makes some attributes of an exception raise when they are read."""

    _raising = ()

    def __getattribute__(self, name):
        if name in object.__getattribute__(self, "_raising"):
            raise RuntimeError(f"secret: {name}")
        return super().__getattribute__(name)


_classes = {}


def _with_raising(exc, names):
    """Give an exception a class whose attributes raise, if Python allows it."""
    cls = type(exc)
    if cls not in _classes:
        _classes[cls] = type(cls.__name__, (Raising, cls), {})
    try:
        exc.__class__ = _classes[cls]
        exc._raising = names
    except TypeError:  # of a built-in exception
        return exc
    return exc


class Odd:
    """What a test gets: it can be printed, whatever it holds."""

    def __init__(self, value, status, changes):
        self.value, self.status, self.changes = value, status, changes
        #: Whether all that said what it means is gone: the code, where the class has none.
        self.is_without_code = isinstance(value, ApiError) and not type(value).own_code and "code" in changes[0]

    def __repr__(self):
        return f"<{type(self.value).__name__} {self.status} {self.changes}>"


def described(value, depth=0):
    """Return what a value is made of, for the report of a failure."""
    kind = type(value)
    if kind in (str, float, bool, type(None), bytes) and depth < 4:
        return ascii(value)[:60]
    if kind in (list, tuple) and depth < 4:
        return f"[{', '.join(described(inner, depth + 1) for inner in value[:3])}]"
    if kind is dict and depth < 4:
        pairs = list(value.items())[:3]
        return "{" + ", ".join(f"{described(k, depth + 1)}: {described(v, depth + 1)}" for k, v in pairs) + "}"
    return f"<{kind.__name__}>"


@st.composite
def odd_exceptions(draw):
    """Return an exception with odd attributes, the status that it means, and what was done to it."""
    make, status = draw(st.sampled_from(DELIBERATE * 2 + CRASHES))
    exc = make()
    changed = draw(st.dictionaries(st.sampled_from(ATTRIBUTES), values, max_size=3))
    for name, value in changed.items():
        if name.startswith("error_"):
            value = draw(st.sampled_from([{}, [], None, ["x"], {"a": "x"}, 5]))  # what Django itself iterates over
        elif name == "args":
            value = draw(st.lists(st.one_of(_texts, st.sampled_from([Bad, object, list]).map(lambda make: make()))))
        try:
            setattr(exc, name, value)
        except Exception:  # e.g. a property without a setter, or arguments that are no tuple
            continue
    raising = draw(st.frozensets(st.sampled_from(ATTRIBUTES), max_size=2)) if draw(st.booleans()) else ()
    if raising:
        exc = _with_raising(exc, raising)
    cause = draw(st.sampled_from(["", "", "other", "itself"]))
    exc.__cause__ = {"": None, "other": ValueError("secret"), "itself": exc}[cause]
    changes = {name: described(value) for name, value in changed.items()}
    return Odd(exc, status, (changes, *sorted(raising)))
