"""Bodies of sample problems, as the formats write them on the wire, and what they tell of a format."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.utils import translation

from .. import catalog, formats, negotiation
from ..answer_cache import renderer
from ..catalog import Entry
from ..conf import Settings, conf
from ..formats import Format
from ..problems import FieldError, Problem
from ..samples import SAMPLE_REQUEST_ID, sample_problem
from .json_shapes import Place, ValueShape, places_of, places_of_key, without_key

# No body has these by itself.
_PROBE_CODE, _PROBE_NAME, _PROBE_KIND, _PROBE_MEMBER, _PROBE_FIELD = "QZ_CODE", "qz_name", "qz_kind", "qz_a", "qz_b"
_SAMPLE_BASE = "https://api.example.com"
_SAMPLE_ERRORS = (
    FieldError(path=("items", 0, "price"), code=_PROBE_KIND, message="A valid number is required."),
    FieldError(path=("page",), code="invalid", message="A valid integer is required.", in_query=True),
    FieldError(path=(), code="invalid", message="The values do not match."),
)


class FormatBodies:
    """The bodies of one format, with texts in the language that is active when it is made."""

    def __init__(self, format_: Format) -> None:
        """Take a format."""
        self.format = format_
        self.language = format_.language or translation.get_language() or settings.LANGUAGE_CODE
        docs = {**conf.DOCS, "BASE_URL": conf.DOCS["BASE_URL"] or _SAMPLE_BASE}
        self._docs_base = negotiation.docs_base(None, Settings({**conf.configured, "DOCS": docs}))

    def entry(self, code: str) -> Entry:
        """Return the entry of a code, with the URL of its documentation."""
        return catalog.current().entry(code, self.language, self._docs_base)

    def example(self, code: str, status: int) -> Any:
        """Return the body of the sample of a code, as documentation page and wire have it."""
        return self._body(replace(sample_problem(self.entry(code)), status=status))

    def shape(self, codes: Sequence[str], status: int) -> ValueShape:
        """Return what the bodies of some codes have in common, with and without all that one may lack."""
        shape = ValueShape()
        for code in codes:
            for body in self._bodies(code, status):
                shape.add(body)
        return shape

    @functools.cached_property
    def code_places(self) -> tuple[Place, ...]:
        """The places of the code, none in a format whose bodies do not name it."""
        entry = self.entry("INTERNAL_SERVER_ERROR")
        by_code = self._write(Problem(code=_PROBE_CODE, status=500), replace(entry, code=_PROBE_CODE, names={}))
        own = replace(entry, code=_PROBE_CODE, names={self.format.name: _PROBE_NAME})
        by_name = self._write(Problem(code=_PROBE_CODE, status=500), own)
        return tuple(dict.fromkeys([*places_of(_PROBE_CODE, by_code), *places_of(_PROBE_NAME, by_name)]))

    @functools.cached_property
    def kind_places(self) -> tuple[Place, ...]:
        """The places of the codes of field errors, which are no codes of the catalog."""
        problem = Problem(code="VALIDATION_FAILED", status=400, errors=_SAMPLE_ERRORS[:1], errors_total=1)
        return tuple(places_of(_PROBE_KIND, self._body(problem)))

    @functools.cached_property
    def details_place(self) -> Place | None:
        """The place of the details, ``None`` in a format that does not write them."""
        problem = Problem(code="RESOURCE_CONFLICT", status=409, details={_PROBE_MEMBER: 1})
        # Where details are members of the body itself, they may be anything beside the others.
        return next(places_of_key(_PROBE_MEMBER, self._body(problem)), None) or None

    @functools.cached_property
    def map_places(self) -> tuple[Place, ...]:
        """The places of objects whose members are named after what the client sent."""
        error = FieldError(path=(_PROBE_FIELD,), code="invalid", message="No.")
        problem = Problem(code="VALIDATION_FAILED", status=400, errors=(error,), errors_total=1)
        return tuple(places_of_key(_PROBE_FIELD, self._body(problem)))

    @functools.cached_property
    def has_request_id(self) -> bool:
        """Whether the bodies hold the id of the request."""
        body = self.example("INTERNAL_SERVER_ERROR", 500)
        return next(places_of(SAMPLE_REQUEST_ID, body), None) is not None

    def names(self, codes: Sequence[str], status: int) -> list[str]:
        """Return what stands at the places of the code in the bodies of some codes."""
        shape = self.shape(codes, status)
        shapes = [shape.at(place) for place in self.code_places]
        return sorted({name for each in shapes if each is not None for name in each.values})

    def _bodies(self, code: str, status: int) -> Iterator[Any]:
        entry = self.entry(code)
        sample = replace(sample_problem(entry), status=status)
        bare = replace(sample, details=None, errors=(), errors_total=0, param=None, retry_after=None, request_id="")
        yield self._body(sample)
        yield self._body(bare)
        yield self._body(bare, docs_base="")
        yield without_key(_PROBE_MEMBER, self._body(replace(bare, details={_PROBE_MEMBER: 1})))
        if entry.pass_detail:  # else what an exception says of values is not sent
            for error in _SAMPLE_ERRORS:
                one = replace(bare, errors=(error,), errors_total=1, param=error.param or None)
                yield self._body(one)
            if code == "VALIDATION_FAILED":
                required = replace(_SAMPLE_ERRORS[0], code="required")
                yield self._body(replace(bare, errors=(required, required), errors_total=2))
            yield self._body(replace(bare, errors=_SAMPLE_ERRORS, errors_total=9))

    def _body(self, problem: Problem, docs_base: str | None = None) -> Any:
        problem = self.format.about(problem) if problem.errors else problem
        base = self._docs_base if docs_base is None else docs_base
        return self._write(problem, catalog.current().entry(problem.code, self.language, base))

    def _write(self, problem: Problem, entry: Entry) -> Any:
        # What the client parses, not what the format returned.
        try:
            content = formats.bounded(self.format, problem, entry, renderer.render)[1]
        except Exception:  # as on the wire
            content = formats.fallback(self.format, problem, problem.status, renderer.render)[1]
        return json.loads(content)
