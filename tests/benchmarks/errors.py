"""Error requests from the environ to the last byte: DRF alone, by hand, this package in three formats, the peers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import floor
import project
from django.conf import settings
from django.core.signals import got_request_exception
from django.test import override_settings
from django.utils.module_loading import import_string
from measure import Figures, Variant, interleaved
from peers import PEERS, Peer
from rest_framework.views import exception_handler as drf_handler
from tables import plain, table

from django_apierrors import handlers

FORMATS = ("nested", "typed", "problem", "standardized")
BY_HAND = {"by hand, bytes": floor.bytes_handler, "by hand, DRF's Response": floor.rendered_handler}
#: An address without a view: compared by hand and ours, and not measured.
NOWHERE = "nowhere"
#: For the format ``nested``, whatever other middleware there is.
AIMS = {
    "NotFound": "<= 1.10x",
    "Throttled": "<= 1.10x",
    "unhandled": "<= 1.10x",
    "one wrong field": "<= 1.15x",
    "22 wrong leaves": "<= 1.12x",
}
#: How much above the cheapest peer ``nested`` may be.
ABOVE_PEER = 0.05


@dataclass(frozen=True)
class Answer:
    """What a client is sent."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def media_type(self) -> str:
        return self.headers.get("Content-Type", "").partition(";")[0]

    def comparable(self) -> tuple[int, dict[str, Any], bytes]:
        """Return its three parts without the request id, the names in ``Vary`` in no order."""
        headers: dict[str, Any] = {name: value for name, value in self.headers.items() if name != "X-Request-ID"}
        headers["Vary"] = frozenset(headers.get("Vary", "").split(", "))
        return self.status, headers, self.content


@dataclass(frozen=True)
class Remark:
    """What a reader must know of a figure; ``is_structured`` says whether it can be compared with ours."""

    text: str
    is_structured: bool = False
    is_timed: bool = True


@dataclass(frozen=True)
class Candidate:
    """One of the things compared: its URLs, its middleware, and the settings under which it works."""

    name: str
    urlconf: Any
    middleware: list[str] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    is_ours: bool = False
    peer: Peer | None = None

    @contextmanager
    def at_work(self) -> Iterator[None]:
        with ExitStack() as stack:
            if self.settings:
                stack.enter_context(override_settings(**self.settings))
            if not self.is_ours:
                stack.enter_context(project.without_receivers())
            yield

    def application(self, middleware: list[str]) -> Any:
        """Return its WSGI application; its own middleware is below the first of the others."""
        return project.wsgi(self.urlconf, [*middleware[:1], *self.middleware, *middleware[1:]])


def candidates(is_documented: bool) -> tuple[list[Candidate], list[str]]:
    """Return what is compared, and which peers are left out and why."""
    ours = project.urlconf(handlers.exception_handler, handlers, is_documented=is_documented)
    found = [
        Candidate("DRF alone", project.urlconf(drf_handler)),
        *(
            Candidate(name, project.urlconf(handler, floor, is_documented=is_documented), ["floor.Middleware"])
            for name, handler in BY_HAND.items()
        ),
        *(
            Candidate(
                f"ours, {name}",
                ours,
                [project.OURS],
                # The default needs no override, which costs each setting that Django looks for in vain.
                {} if name == "nested" else {"APIERRORS": {**settings.APIERRORS, "FORMAT": name}},
                is_ours=True,
            )
            for name in FORMATS
        ),
    ]
    missing = []
    for peer in PEERS:
        try:
            handler = import_string(peer.handler)
        except Exception as exc:  # whatever a package does that is not made for this DRF
            missing.append(f"{peer.name} is left out: {type(exc).__name__}: {exc}")
            continue
        found.append(Candidate(peer.label, project.urlconf(handler, included=peer.urls), peer=peer))
    return found, missing


def answer_of(candidate: Candidate, error: str, middleware: list[str]) -> tuple[Answer, int]:
    """Return the answer to a request that fails, and how often ``got_request_exception`` was sent."""
    application, environ = candidate.application(middleware), project.environ(error)
    begun: dict[str, Any] = {}
    sent: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]]) -> None:
        begun.update(status=int(status.partition(" ")[0]), headers=dict(headers))

    def count(**kwargs: Any) -> None:
        sent.append(kwargs)

    with candidate.at_work():
        got_request_exception.connect(count)
        try:
            response = application(environ, start_response)
            content = b"".join(response)
            response.close()
        finally:
            got_request_exception.disconnect(count)
    return Answer(content=content, **begun), len(sent)


def check(compared: list[Candidate], middleware: list[str]) -> dict[tuple[str, str], Remark]:
    """Return remarks by candidate and error. Ends the program when ours or the one by hand is not what it is to be."""
    remarks = {}
    for error, status in project.STATUSES.items():
        answers = {}
        for candidate in compared:
            answer, signals = answer_of(candidate, error, middleware)
            answers[candidate.name] = answer
            remark = peer_remark(candidate.peer, error, answer, signals) if candidate.peer else None
            if remark is not None:
                remarks[candidate.name, error] = remark
            elif answer.status != status:
                raise SystemExit(f"{candidate.name} answered {error} with {answer.status}, not {status.value}")
        must_be_equal(error, answers)
        if any("X-Error-Code" not in answers[f"ours, {name}"].headers for name in FORMATS):
            raise SystemExit(f"{error} was not structured")
    same = [candidate for candidate in compared if candidate.name in (*BY_HAND, "ours, nested")]
    must_be_equal(NOWHERE, {each.name: answer_of(each, NOWHERE, middleware)[0] for each in same})
    return remarks


def must_be_equal(error: str, answers: dict[str, Answer]) -> None:
    """End the program when an answer by hand differs from ours in more than the request id."""
    ours = answers["ours, nested"].comparable()
    for name in BY_HAND:
        for part, its, mine in zip(Answer.__annotations__, answers[name].comparable(), ours, strict=True):
            if mine != its:
                raise SystemExit(f"{error}, {part}: {name} it is\n{its}\nand ours is\n{mine}")


def peer_remark(peer: Peer, error: str, answer: Answer, signals: int) -> Remark | None:
    """Return what is to be said of the answer of a peer."""
    if answer.status != project.STATUSES[error]:
        return Remark(f"its handler fails: answered with {answer.status}, not timed", is_timed=False)
    if not answer.media_type.endswith("json"):
        return Remark("not structured: Django's own page")
    listed, wrong = peer.listed(json.loads(answer.content)), project.WRONG_VALUES.get(error, 0)
    if listed != wrong:
        return Remark(f"not structured: lists {listed} of {wrong} wrong values with its place")
    if answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return None
    flaws = ["sends no got_request_exception"] * (not signals) + ["tells the exception's text"] * (
        b"secret" in answer.content
    )
    return Remark(" and ".join(flaws), is_structured=True) if flaws else None


def print_table(title: str, middleware: list[str], rounds: int, calls: int, is_documented: bool = False) -> None:
    """Print what a request costs from the environ to the last byte, validation and rendering included."""
    compared, _ = candidates(is_documented)
    remarks = check(compared, middleware)
    letters: dict[str, str] = {}
    for remark in remarks.values():
        letters.setdefault(remark.text, chr(ord("a") + len(letters)))
    print(f"\n{title}: microseconds of DRF alone, and ratios to it")
    row = table(18, first=32)
    row("", *AIMS)
    timed = {error: measure(compared, error, remarks, middleware, rounds, calls) for error in AIMS}
    for candidate in compared:
        cells = []
        for error in AIMS:
            figures, remark = timed[error].get(candidate.name), remarks.get((candidate.name, error))
            cells.append(cell(figures, timed[error]["DRF alone"]) + (f" {letters[remark.text]}" if remark else ""))
        row(candidate.name, *cells)
    row("aim of ours, nested", *AIMS.values())
    row(
        f"and of peers: cheapest + {ABOVE_PEER}",
        *(f"<= {limit(compared, timed[error], error, remarks)}" for error in AIMS),
    )
    for text, letter in letters.items():
        print(f"  {letter}: {text}")


def measure(
    compared: list[Candidate],
    error: str,
    remarks: dict[tuple[str, str], Remark],
    middleware: list[str],
    rounds: int,
    calls: int,
) -> dict[str, Figures]:
    """Return the figures of every candidate that answers an error, by its name."""
    answering = [each for each in compared if (each.name, error) not in remarks or remarks[each.name, error].is_timed]
    prepare: Callable[[], Any] = lambda: project.environ(error)  # noqa: E731
    variants = [Variant(prepare, project.answer(each.application(middleware)), each.at_work) for each in answering]
    figures = interleaved(variants, rounds, calls)
    return {candidate.name: figure for candidate, figure in zip(answering, figures, strict=True)}


def cell(figures: Figures | None, alone: Figures) -> str:
    if figures is None:
        return "-"
    return plain(figures) if figures is alone else f"{figures.ratio(alone):.2f}x"


def limit(
    compared: list[Candidate], timed: dict[str, Figures], error: str, remarks: dict[tuple[str, str], Remark]
) -> str:
    """Return what ours may cost beside the cheapest peer that structures the same error."""
    ratios = [
        timed[each.name].ratio(timed["DRF alone"])
        for each in compared
        if each.peer and ((each.name, error) not in remarks or remarks[each.name, error].is_structured)
    ]
    return f"{min(ratios) + ABOVE_PEER:.2f}x" if ratios else "no such peer"
