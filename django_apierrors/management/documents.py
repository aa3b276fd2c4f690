"""The JSON document of the catalog as a file: what it wants of each row, or why it cannot be read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..codes import TEXTS
from ..docs.exports import LISTS, OVERRIDES, VERSION
from . import rows

# What an export says of a code; all but the edits is there to be read, and is not imported.
_MEMBERS = frozenset(("code", "names", "params", "since", "defined", "overrides", "translations", *OVERRIDES))
_KINDS: dict[str, tuple[type, str]] = {
    "status": (int, "a whole number"),
    "listed": (bool, "true or false"),
    "deprecated": (bool, "true or false"),
    **dict.fromkeys(LISTS, (list, "a list of texts")),
}
_TEXT = (str, "a text")
# JSON can spell what databases refuse: NUL, and half of a surrogate pair.
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class Refused(Exception):
    """The file cannot be imported; ``reasons`` name each entry and field at fault."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__(*reasons)
        self.reasons = reasons


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What a file says about one code: its place in the file, and the state that its row shall have.

    ``state`` is as ``rows.state`` gives it. ``languages`` are those of the translations, which a
    state cannot show when all their texts are blank.
    """

    place: str
    code: str
    state: Mapping[str, Any]
    languages: frozenset[str]


def read(content: bytes) -> list[Wanted]:
    """Return what a document wants of each row. Raises ``Refused`` with all that is wrong with it."""
    document = _loaded(content)
    reasons = list(_faults_of_the_whole(document))
    if reasons:
        raise Refused(reasons)
    wanted: list[Wanted] = []
    places: dict[str, str] = {}
    for index, given in enumerate(document["codes"]):
        place, faults = f"codes[{index}]", list(_faults(given))
        code = given.get("code") if isinstance(given, dict) else None
        if isinstance(code, str):
            place = f"{place} {code}"
            if places.setdefault(code, place) != place:
                faults.append(f"code: it is also {places[code]}")
        reasons.extend(f"{place}: {fault}" for fault in faults)
        if not faults:
            wanted.append(_wanted(place, given))
    if reasons:
        raise Refused(reasons)
    return wanted


def _loaded(content: bytes) -> Any:
    try:
        return json.loads(content.decode("utf-8-sig"))
    except json.JSONDecodeError as exc:
        raise Refused([f"line {exc.lineno}, column {exc.colno}: this is not JSON: {exc.msg}"]) from None
    except UnicodeDecodeError as exc:
        raise Refused([f"byte {exc.start}: this is not UTF-8"]) from None
    except RecursionError:
        raise Refused(["this is nested too deeply"]) from None
    except ValueError as exc:  # a number of thousands of digits
        raise Refused([f"this cannot be read: {exc}"]) from None


def _faults_of_the_whole(document: Any) -> Iterator[str]:
    if not isinstance(document, dict):
        yield 'this is not an object with the members "version" and "codes"'
        return
    yield from _unknown(document, frozenset(("version", "codes")))
    version = document.get("version")
    if type(version) is not int or version != VERSION:
        yield f"version: must be {VERSION}, not {_shown(version)}"
    if not isinstance(document.get("codes"), list):
        yield f"codes: must be a list, not {_shown(document.get('codes'))}"


def _faults(given: Any) -> Iterator[str]:
    """Yield what is wrong with the form of one entry; whether its values are sound the models say."""
    if not isinstance(given, dict):
        yield f"must be an object, not {_shown(given)}"
        return
    yield from _unknown(given, _MEMBERS)
    yield from _faults_of_value("code", given.get("code"))
    for member in ("overrides", "translations"):
        if not isinstance(given.get(member), dict):
            found = f"not {_shown(given[member])}" if member in given else "and `apierrors export` writes it"
            yield f"{member}: must be an object, {found}"
            return
    yield from _faults_of_values(given["overrides"], "overrides.", OVERRIDES)
    for language, texts in given["translations"].items():
        if isinstance(texts, dict):
            yield from _faults_of_values(texts, f"translations.{language}.", TEXTS)
        else:
            yield f"translations.{language}: must be an object, not {_shown(texts)}"


def _faults_of_values(values: Mapping[str, Any], where: str, known: Sequence[str]) -> Iterator[str]:
    yield from (f"{where}{fault}" for fault in _unknown(values, known))
    for name in known:
        if name in values:
            yield from (f"{where}{fault}" for fault in _faults_of_value(name, values[name]))


def _faults_of_value(name: str, value: Any) -> Iterator[str]:
    kind, words = _KINDS.get(name, _TEXT)
    texts = value if isinstance(value, list) else [value]
    # bool is an int in Python, not in JSON.
    if type(value) is not kind or (kind is list and not all(isinstance(text, str) for text in texts)):
        yield f"{name}: must be {words}, not {_shown(value)}"
    elif any(isinstance(text, str) and _UNSTORABLE.search(text) for text in texts):
        yield f"{name}: holds a character that no database can store"


def _unknown(given: Mapping[str, Any], known: Sequence[str] | frozenset[str]) -> Iterator[str]:
    return (f"{name}: is not known" for name in given if name not in known)


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:40]}…"


def _wanted(place: str, given: Mapping[str, Any]) -> Wanted:
    overrides = {name: _stored(value) for name, value in given["overrides"].items()}
    state = {**rows.BLANK, **overrides}
    for language, texts in given["translations"].items():
        stored = {name: _stored(texts.get(name, "")) for name in TEXTS}
        state.update(rows.translated(language, stored))
    return Wanted(place=place, code=given["code"], state=state, languages=frozenset(given["translations"]))


def _stored(value: Any) -> Any:
    text = "\n".join(value) if isinstance(value, list) else value
    return "" if isinstance(text, str) and not text.strip() else text
