"""The base class of formats, and the description of the keys that a format writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from ..catalog import Entry
from ..codes import Text
from ..problems import Problem


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """The description of one key of an error object for the documentation: its JSON type and its meaning."""

    name: str
    type: str
    meaning: Text
    nullable: bool = False


class Format:
    """A shape of error bodies, and its names for codes; subclass it for a shape of your own.

    ``body()`` takes a problem, which has its final ``status``, and the entry of its code in the
    language of the client, and returns the body as JSON values.
    """

    #: The name by which a code brings its own name for this format: ``ErrorDefinition(names={"oauth2": ...})``.
    name: ClassVar[str] = ""
    #: The content type of the body.
    media_type: ClassVar[str] = "application/json"
    #: Canonical code → the name this format writes for it.
    codes: ClassVar[Mapping[str, str]] = {}
    #: Whether a body lists every error of a validation problem; ``False`` where it is about the first only.
    lists_errors: ClassVar[bool] = True
    #: The language of the texts; ``None``: the client's.
    language: ClassVar[str | None] = None
    #: Further headers of a response in this format.
    headers: ClassVar[Mapping[str, str]] = {}
    #: The key around the error object; ``None``: the object is the body.
    envelope: ClassVar[str | None] = None
    #: The keys of the error object, for the documentation.
    fields: ClassVar[Sequence[Field]] = ()

    def body(self, problem: Problem, entry: Entry) -> dict[str, Any]:
        """Return the body of one error."""
        raise NotImplementedError

    def code(self, entry: Entry) -> str:
        """Return the name that this format writes for a code: the code's own, the format's, else the code."""
        return self.own_name(entry.code, entry.names) or entry.code

    def own_name(self, code: str, names: Mapping[str, str]) -> str | None:
        """Return the name for a code that brings some names, ``None`` when there is none but the code."""
        return names.get(self.name) or self.codes.get(code)

    def texts(self, entry: Entry) -> Sequence[str]:
        """Return the names of those texts of an entry that a body has beside the message: ``["title"]``.

        ``Content-Language`` names their languages, too.
        """
        return ()

    def for_body(self, problem: Problem, entry: Entry) -> Problem:
        """Return the problem whose texts ``body()`` writes."""
        return problem

    def own_texts(self, problem: Problem, entry: Entry) -> Mapping[str, str] | None:
        """Return the texts that ``body()`` writes in the place of the entry's message, each with its language.

        A language that nobody knows is ``""``. ``None`` says that it writes the entry's message, an empty mapping
        that it writes nothing there.
        """
        return None

    def wrapped(self, error: dict[str, Any]) -> dict[str, Any]:
        """Return the body that holds an error object."""
        return {self.envelope: error} if self.envelope else error

    def about(self, problem: Problem) -> Problem:
        """Return the problem that this format writes: the whole one, or only its first error."""
        if self.lists_errors or len(problem.errors) < 2:
            return problem
        first = problem.errors[0]
        message: str | None = first.message
        if (code := problem.code) == "VALIDATION_FAILED" and first.path:
            code = "PARAM_NOT_FOUND" if first.code == "required" else code
            message = None  # the texts of these codes name the parameter
        elif first.path:
            message = f"{first.param}: {first.message}"
        return replace(
            problem,
            code=code,
            message=message,
            params=first.params,
            param=first.param if first.path else None,
            errors=(first,),
            errors_total=1,
        )
