"""The values of one error on its way to the client; they never change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

# RFC 3986, 3.5: what a fragment may hold unescaped.
_FRAGMENT = "!$&'()*+,;=:@/?-._~"


@dataclass(frozen=True, kw_only=True)
class FieldError:
    """One thing that is wrong with one value of the request.

    ``path`` holds keys and list positions from the outside in, and is empty for an
    error of the request as a whole. ``in_query`` says that the value belongs to the
    query string, not to the body. ``key`` is the key under which an error of a whole stood, as
    DRF's ``non_field_errors``; it is no part of the path.
    """

    path: tuple[str | int, ...] = ()
    code: str
    message: str
    in_query: bool = False
    key: str = ""

    @property
    def param(self) -> str:
        """The path with dots: ``items.0.price``; empty for the request as a whole."""
        path = self.path
        return path[0] if len(path) == 1 and type(path[0]) is str else ".".join(map(str, path))

    @property
    def params(self) -> dict[str, str]:
        """The placeholder values that the error gives; none for the request as a whole."""
        return {"param": self.param, "detail": self.message} if self.path else {}

    @property
    def pointer(self) -> str:
        """The path as a JSON pointer in a URI fragment (RFC 6901, 6): ``#/items/0/price``."""
        steps = (str(step).replace("~", "~0").replace("/", "~1") for step in self.path)
        return "#" + "".join("/" + quote(step, safe=_FRAGMENT) for step in steps)


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One error that happened, in words of the code, before any text or shape is chosen.

    ``code`` is canonical and has an entry in the catalog; ``status`` (400 to 599) is the answer's.
    ``message`` is the raise site's own text, ``params`` fill placeholders, ``details`` go to the
    client as JSON, ``param`` is the dotted path of the value at fault, ``in_query`` says that it
    is a query parameter, ``retry_after`` is in whole seconds, ``headers`` join the response.
    ``is_final`` says that ``message`` outranks the catalog: an operator wrote it for the clients.
    ``is_safe`` says that it may be shown whatever ``pass_detail`` says: it quotes nothing of ours.
    ``reason`` is the code of an exception of DRF as it was given: ``not_found``, or one that the
    catalog does not have.
    """

    code: str
    status: int
    message: Any = None
    params: Mapping[str, Any] = field(default_factory=dict)
    details: Mapping[str, Any] | None = None
    param: str | None = None
    errors: tuple[FieldError, ...] = ()
    errors_total: int = 0
    retry_after: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    request_id: str = ""
    in_query: bool = False
    is_final: bool = False
    is_safe: bool = False
    reason: str = ""
