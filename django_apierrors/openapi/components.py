"""The components of an OpenAPI document that describe errors: responses, bodies, codes, headers and examples."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from .. import catalog, formats, headers
from ..codes import phrase
from ..conf import conf
from ..samples import sample_details
from .bodies import FormatBodies
from .json_shapes import ITEM, Place, Schema, ValueShape, for_version, shape_of
from .names import ComponentNames, pascal

_HEADER_TEXTS = {
    headers.X_REQUEST_ID: "The id of the request; quote it to support.",
    headers.RETRY_AFTER: "Seconds until a retry makes sense.",
    headers.WWW_AUTHENTICATE: "How to authenticate.",
    headers.ALLOW: "The methods of this address.",
    headers.RATE_LIMIT: "What is left of each limit.",
    headers.RATE_LIMIT_POLICY: "The limits.",
}


class ErrorComponents:
    """The components of one format; they grow with each response that is asked for.

    ``components`` holds them by type and name: ``components["schemas"]["Nested400"]``.
    """

    def __init__(self, format_name: str, version: str = "3.0.3", names: ComponentNames | None = None) -> None:
        """Take the name of the format, the version of OpenAPI, and the names of the document, if others are in it."""
        self._format = formats.get(format_name)
        self._bodies = FormatBodies(self._format)
        self._version = version
        self._is_closed = conf.OPENAPI["CODES"] == "closed"
        name = type(self._format).__name__
        name = format_name.capitalize() if formats.BUILTIN.get(format_name) else name
        self._names = ComponentNames() if names is None else names
        self._prefix = self._names.prefix(name)
        self.components: dict[str, dict[str, Schema]] = {}

    def response(self, status: int, codes: Sequence[str]) -> Schema:
        """Return the reference to the response of a status that names one of some codes."""
        name = self.name(status, codes)
        if self._known("responses", name) is None:
            media_type = {
                "schema": self._body(name, status, codes),
                "examples": {code: self._example(status, code) for code in codes},
            }
            response = {
                "description": phrase(status),
                "headers": self._headers(name, status, codes),
                "content": {self._format.media_type: media_type},
            }
            return self._add("responses", name, response)
        return self._ref("responses", name)

    def name(self, status: int, codes: Sequence[str]) -> str:
        """Return the name of a response: format, status, and the codes that not every response of the status has."""
        return self._names.response(self._prefix, status, codes)

    def _body(self, name: str, status: int, codes: Sequence[str]) -> Schema:
        declared = [code for code in codes if self._details(code)]
        if self._is_closed and declared and len(codes) > 1:
            others = [code for code in codes if code not in declared]
            groups = [*([code] for code in declared), *([others] if others else [])]
            variants = [self._variant(self.name(status, group), status, group) for group in groups]
            # A body is one of several only if it names its code, and each of them other codes.
            return self._add("schemas", name, {"oneOf" if self._are_told_apart(groups, status) else "anyOf": variants})
        return self._variant(name, status, codes)

    def _are_told_apart(self, groups: Sequence[Sequence[str]], status: int) -> bool:
        names = [self._bodies.names(group, status) for group in groups if self._names_code(group, status)]
        return len(names) == len(groups) and sum(map(len, names)) == len(
            {each for of_group in names for each in of_group}
        )

    def _variant(self, name: str, status: int, codes: Sequence[str]) -> Schema:
        if self._known("schemas", name) is not None:
            return self._ref("schemas", name)
        shape = self._bodies.shape(codes, status)
        details = self._typed_details(codes)

        def special(place: Place, inner: ValueShape) -> Schema | None:
            if place in self._bodies.code_places and self._names_code(codes, status):
                return self._code(name, self._bodies.names(codes, status))
            if place == self._bodies.details_place:
                return self._details_schema(name, details, inner, special)
            if place in self._bodies.map_places:
                members = inner.any_member().schema(special, (*place, ITEM))
                return {"type": "object", "additionalProperties": members}
            if inner.items is not None and inner.items.members and place not in working:
                working.add(place)
                schema = inner.schema(special, place)
                working.discard(place)
                items = self._shared(name, f"{pascal(place[-1])}Item", schema["items"])
                return self._shared(name, pascal(place[-1]), {**schema, "items": items})
            return None

        working: set[Place] = set()  # a list is asked for again while its own schema is made
        return self._add("schemas", name, shape.schema(special))

    def _names_code(self, codes: Sequence[str], status: int) -> bool:
        """Return whether the bodies of some codes name the code, where no code of a field error stands too."""
        places = self._bodies.code_places
        if not places:
            return False
        is_mixed = not set(places).isdisjoint(self._bodies.kind_places)
        return not (is_mixed and any(self._bodies.entry(code).pass_detail for code in codes))

    def _code(self, name: str, names: Sequence[str]) -> Schema:
        known = self._add("schemas", f"{name}Code", {"type": "string", "enum": list(names)})
        return known if self._is_closed else {"anyOf": [known, {"type": "string"}]}

    def _details(self, code: str) -> dict[str, Any]:
        entry = self._bodies.entry(code)
        return sample_details(entry) if entry.details and self._bodies.details_place is not None else {}

    def _typed_details(self, codes: Sequence[str]) -> list[Schema]:
        """Return the references to the details of some codes, in the place of those that declare none any object."""
        typed = []
        for code in codes:
            sample = self._details(code)
            if sample:
                schema = shape_of(sample).schema(lambda place, inner: {} if inner.types == {"null"} else None)
                typed.append(self._add("schemas", f"{self._names.word(code)}ErrorDetails", schema))
        return typed

    def _details_schema(self, name: str, typed: list[Schema], shape: ValueShape, special: Any) -> Schema:
        open_object: Schema = {"type": "object", "additionalProperties": {}}
        own = {key: inner for key, inner in shape.members.items() if key in self._own_details}
        if own:
            place = self._bodies.details_place or ()
            open_object["properties"] = {key: inner.schema(special, (*place, key)) for key, inner in own.items()}
            open_object = self._add("schemas", f"{name}ErrorDetails", open_object)
        elif not typed or not self._is_closed:
            open_object = self._add("schemas", f"{self._prefix}ErrorDetails", open_object)
        if typed and self._is_closed and not own:
            return typed[0]
        return {"anyOf": [*typed, open_object]} if typed else open_object

    @functools.cached_property
    def _own_details(self) -> frozenset[str]:
        """The members of details that the format itself writes."""
        place = self._bodies.details_place
        shape = self._bodies.shape(["VALIDATION_FAILED"], 400).at(place) if place is not None else None
        return frozenset(shape.members) if shape is not None else frozenset()

    def _headers(self, name: str, status: int, codes: Sequence[str]) -> dict[str, Schema]:
        """Return the headers; an id or a code that stands in the body is not described again."""
        described = {header: self._header(header) for header in _further_headers(status, codes)}
        if not self._bodies.has_request_id:
            described[headers.X_REQUEST_ID] = self._header(headers.X_REQUEST_ID)
        if not self._names_code(codes, status):
            schema = self._code(name, sorted(codes))
            header = {"description": "The code of the error.", "required": True, "schema": schema}
            described[headers.X_ERROR_CODE] = self._add("headers", f"{name}Code", header)
        return described

    def _header(self, name: str) -> Schema:
        type_ = "integer" if name == headers.RETRY_AFTER else "string"
        described: Schema = {"description": _HEADER_TEXTS[name], "schema": {"type": type_}}
        if name == headers.X_REQUEST_ID:
            described["required"] = True
        return self._add("headers", name, described)

    def _example(self, status: int, code: str) -> Schema:
        usual = catalog.current().status(code) == status
        name = f"{self._prefix}{'' if usual else status}{self._names.word(code)}"
        if self._known("examples", name) is not None:
            return self._ref("examples", name)
        return self._add("examples", name, {"value": self._bodies.example(code, status)})

    def _shared(self, name: str, word: str, schema: Schema) -> Schema:
        """Add a schema under a name that several responses share, or under one of its own where it differs."""
        shared = f"{self._prefix}{word}"
        known = self._known("schemas", shared)
        differs = known is not None and known != for_version(schema, self._version)
        return self._add("schemas", f"{name}{word}" if differs else shared, schema)

    def _add(self, kind: str, name: str, component: Mapping[str, Any]) -> Schema:
        of_kind = self.components.setdefault(kind, {})
        described = dict(component) if kind == "examples" else for_version(dict(component), self._version)
        of_kind[self._names.free(kind, name)] = described
        return self._ref(kind, name)

    def _known(self, kind: str, name: str) -> Schema | None:
        return self.components.get(kind, {}).get(self._names.free(kind, name))

    def _ref(self, kind: str, name: str) -> Schema:
        return {"$ref": f"#/components/{kind}/{self._names.free(kind, name)}"}


def _further_headers(status: int, codes: Sequence[str]) -> list[str]:
    names = []
    if status in (429, 503) or any(catalog.current().resolve(code, "en").entry.retry == "safe" for code in codes):
        names.append(headers.RETRY_AFTER)
    if status == 401 or "INSUFFICIENT_SCOPE" in codes:
        names.append(headers.WWW_AUTHENTICATE)
    if status == 405:
        names.append(headers.ALLOW)
    if status == 429 and conf.RATELIMIT["HEADERS"] != "off":
        names += [headers.RATE_LIMIT, headers.RATE_LIMIT_POLICY]
    return names
