"""DRF parsers that refuse values which no field, database or renderer can use, and name their place."""

from __future__ import annotations

import codecs
import gc
import json
import math
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

from django.conf import settings
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from rest_framework import parsers
from rest_framework.exceptions import ParseError

from .text import clean, fill, has_surrogate, is_text_encoding

#: The most levels of lists and objects in a body; its readers recurse, too.
MAX_NESTING = 200
_LONGEST_PLACE = 100
# What JSON spells as NUL, as half of a pair of surrogates without the other half, and as a backslash.
_ESCAPED_NUL = re.compile(r"\\u0000")
_ESCAPED_SURROGATE = re.compile(
    r"\\u[dD](?:[89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD])[c-fC-F])"
)
_ESCAPED_BACKSLASH = "\\\\"


@dataclass(frozen=True, eq=False, slots=True)  # texts are equal in one language and not in another
class Fault:
    """What is wrong with a value: the text where its place is known, and the text about the whole body."""

    of_value: Promise
    of_body: Promise


_NUL = Fault(_('The value of "{param}" holds a NUL character.'), _("The body holds a NUL character."))
_LONE_SURROGATE = Fault(_('The value of "{param}" holds a lone surrogate.'), _("The body holds a lone surrogate."))
_NOT_FINITE = Fault(
    _('The value of "{param}" is not a finite number.'),
    _("The body has a number that is not finite."),
)
_TOO_DEEP = Fault(
    _('The value of "{param}" is nested more than {most} levels deep.'),
    _("The body is nested more than {most} levels deep."),
)
_LONG_INTEGER = Fault(
    _('The value of "{param}" is an integer of more than {most} digits.'),
    _("The body has an integer of more than {most} digits."),
)
# Of the names in a value, by what is wrong with one.
_OF_NAMES = {
    _NUL: Fault(
        _('The value of "{param}" has a name that holds a NUL character.'),
        _("The body has a name that holds a NUL character."),
    ),
    _LONE_SURROGATE: Fault(
        _('The value of "{param}" has a name that holds a lone surrogate.'),
        _("The body has a name that holds a lone surrogate."),
    ),
}


class RefusedValue(ParseError):
    """400: a value of the body is refused; ``param`` is its dotted path, empty for the body as a whole."""

    def __init__(self, param: str, fault: Fault, most: int = MAX_NESTING) -> None:
        """Take the place, what is wrong with it, and the number that the text names."""
        self.param = clean(param, _LONGEST_PLACE).rstrip(".")
        text = fault.of_value if self.param else fault.of_body
        super().__init__(fill(str(text), {"param": self.param, "most": most}))


class JSONParser(parsers.JSONParser):
    """Parses JSON in UTF-8, UTF-16 or UTF-32 (RFC 8259, 8.1).

    Refuses NUL, lone surrogates, numbers that are not finite, unless ``STRICT_JSON`` is off, and nesting
    of more than 200 levels. Integers may be as large as Python reads them: 4300 digits.
    """

    #: Whether texts may hold NUL, for projects whose databases store it.
    allow_nul = False

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Return the data; raises ``ParseError``."""
        text = _decode(stream.read(), (parser_context or {}).get("encoding"))
        data, has_odd_number = self._load(text)
        if has_odd_number or self._has_odd_text(text) or _may_be_deeper(data, MAX_NESTING):
            _refuse(data, allow_nul=self.allow_nul)
        if has_odd_number:  # of a member that is named twice only the last value is left
            raise RefusedValue("", _NOT_FINITE)
        return data

    def _has_odd_text(self, text: str) -> bool:
        if "\\" not in text:
            return False
        text = text.replace(_ESCAPED_BACKSLASH, "//")  # what follows it is no escape
        return _ESCAPED_SURROGATE.search(text) is not None or (
            not self.allow_nul and _ESCAPED_NUL.search(text) is not None
        )

    def _load(self, text: str) -> tuple[Any, bool]:
        """Return the data and whether it has a number that is not finite."""
        odd: list[float] = []

        def parse_float(digits: str) -> float:
            number = float(digits)
            if number - number:  # the fastest way to tell: NaN is true
                odd.append(number)
            return number

        def parse_constant(name: str) -> float:
            odd.append(float(name))
            return odd[-1]

        hooks: dict[str, Any] = {"parse_float": parse_float, "parse_constant": parse_constant} if self.strict else {}
        try:
            return json.loads(text, **hooks), bool(odd)
        except RecursionError:
            raise RefusedValue("", _TOO_DEEP) from None
        except json.JSONDecodeError as exc:
            raise ParseError(f"JSON parse error - {exc}") from None
        except ValueError:
            # Of an integer: Python's own text speaks of its settings.
            raise _long_integer(text) from None


class FormParser(parsers.FormParser):
    """Parses forms; refuses NUL and lone surrogates in names and values."""

    #: Whether values may hold NUL.
    allow_nul = False

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Return the fields; raises ``ParseError``."""
        _check_charset(parser_context)
        fields = super().parse(stream, media_type, parser_context)
        _refuse_texts(fields, allow_nul=self.allow_nul)
        return fields


class MultiPartParser(parsers.MultiPartParser):
    """Parses forms with files; refuses NUL and lone surrogates in names and values, never in the content of a file."""

    #: Whether values may hold NUL.
    allow_nul = False

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Return the fields and files; raises ``ParseError``."""
        _check_charset(parser_context)
        parsed = super().parse(stream, media_type, parser_context)
        try:
            _refuse_texts(parsed.data, allow_nul=self.allow_nul)
            _refuse_names(parsed.files, allow_nul=self.allow_nul)
        except ParseError:
            for _name, uploaded in parsed.files.lists():
                for file in uploaded:
                    file.close()  # no request has it yet, which would close it
            raise
        return parsed


def _decode(body: bytes, encoding: str | None) -> str:
    charset = _codec_name(encoding)
    if charset not in ("utf-8", "ascii") and not charset.startswith(("utf-16", "utf-32")):
        if encoding != settings.DEFAULT_CHARSET:  # which DRF gives where the client named none
            raise ParseError(_("JSON must be encoded in UTF-8, UTF-16 or UTF-32."))
        charset = "utf-8"
    try:
        return body.decode("utf-8" if charset == "ascii" else charset)
    except UnicodeDecodeError as exc:
        raise ParseError(f"JSON parse error - {exc}") from None


def _codec_name(encoding: str | None) -> str:
    try:
        return codecs.lookup(encoding or "utf-8").name
    except LookupError:
        return ""


def _check_charset(parser_context: Mapping[str, Any] | None) -> None:
    if not is_text_encoding((parser_context or {}).get("encoding") or "utf-8"):
        raise ParseError(_("The charset of the form is not known."))


def _long_integer(text: str) -> ParseError:
    """Return the error for an integer that Python does not read, with its place if the rest can be parsed."""
    most = sys.get_int_max_str_digits()
    place = ""
    try:
        data = json.loads(text, parse_int=_mark_long(most), parse_float=len, parse_constant=len)
        place = next((place for place, fault in _faults(data, allow_nul=True) if fault is _NOT_FINITE), "")
    except (ValueError, RecursionError):
        pass
    return RefusedValue(place, _LONG_INTEGER, most)


def _mark_long(most: int) -> Callable[[str], float]:
    return lambda digits: math.inf if len(digits.lstrip("-")) > most else 0


def _may_be_deeper(data: Any, levels: int) -> bool:
    """Return whether lists and objects may be nested deeper than some levels: False is sure."""
    # The garbage collector of CPython tracks each container that holds another one, and no text and no number:
    # that is asked in C, where a loop would take as long as half of the parser.
    containers = [data]
    for _level in range(levels - 1):  # an innermost one may not be tracked
        if not containers:
            return False
        containers = list(filter(gc.is_tracked, gc.get_referents(*containers)))
    return bool(containers)


def _refuse(data: Any, *, allow_nul: bool) -> None:
    for place, fault in _faults(data, allow_nul=allow_nul):
        raise RefusedValue(place, fault)


def _faults(data: Any, *, allow_nul: bool) -> Iterator[tuple[str, Fault]]:
    """Yield the place of each value of a body that is refused, and what is wrong with it."""
    # A place is the place around it and a step: a path is made of it only where it is told.
    pending: list[tuple[Any, Any, int]] = [(data, None, 0)]
    while pending:
        value, place, depth = pending.pop()
        kind = type(value)
        if kind is str:
            if fault := _fault_of_text(value, allow_nul=allow_nul):
                yield _path(place), fault
        elif kind is float:
            if not math.isfinite(value):
                yield _path(place), _NOT_FINITE
        elif kind is dict or kind is list:
            if depth == MAX_NESTING:
                yield _path(place), _TOO_DEEP
                continue
            members = value.items() if kind is dict else enumerate(value)
            if kind is dict and (fault := _fault_of_text("".join(value), allow_nul=allow_nul)):
                yield _path(place), _OF_NAMES[fault]
            pending.extend((inner, (place, step), depth + 1) for step, inner in reversed(list(members)))


def _fault_of_text(text: str, *, allow_nul: bool) -> Fault | None:
    if not allow_nul and "\0" in text:
        return _NUL
    return _LONE_SURROGATE if has_surrogate(text) else None


def _path(place: Any) -> str:
    steps: list[str] = []
    while place is not None:
        place, step = place
        steps.append(str(step))
    return ".".join(reversed(steps))


def _refuse_texts(fields: QueryDict, *, allow_nul: bool) -> None:
    _refuse_names(fields, allow_nul=allow_nul)
    for name, values in fields.lists():
        for value in values:
            if fault := _fault_of_text(value, allow_nul=allow_nul):
                raise RefusedValue(name, fault)


def _refuse_names(names: Iterable[str], *, allow_nul: bool) -> None:
    for name in names:
        if fault := _fault_of_text(name, allow_nul=allow_nul):
            raise RefusedValue("", _OF_NAMES[fault])
