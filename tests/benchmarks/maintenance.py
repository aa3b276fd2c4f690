"""Prints what maintenance mode costs, off and on, beside django-maintenance-mode. No figure fails it."""

from __future__ import annotations

import argparse
import asyncio
import logging
import platform
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import django
from django.conf import settings

REDIS = "redis://127.0.0.1:6379/15"

settings.configure(
    SECRET_KEY="benchmarks",
    ALLOWED_HOSTS=["testserver"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    CACHES={
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
        "redis": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS},
    },
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "rest_framework",
        "django_apierrors",
        *(["maintenance_mode"] if find_spec("maintenance_mode") else []),
    ],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    ROOT_URLCONF="project",
    APIERRORS={"REFRESH_SECONDS": None},  # what a poll costs is measured in snapshot.py
    MAINTENANCE_MODE_STATE_FILE_PATH="",  # else it wants a settings module; each candidate brings its own
    LOGGING_CONFIG=None,
    USE_TZ=True,
)
django.setup()

# Only now: DRF reads the settings when it is imported.
import project  # noqa: E402
from asgiref.sync import SyncToAsync  # noqa: E402
from candidates import CONSTANT, NO_OP, OURS, PEER, WITHOUT_GATE, Candidate, peers  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.test import AsyncRequestFactory, RequestFactory  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.urls import URLResolver  # noqa: E402
from django.utils.module_loading import import_string  # noqa: E402
from measure import Figures, Variant, interleaved, one_by_one, one_by_one_async  # noqa: E402
from tables import beside, head, more, plain, row  # noqa: E402

from django_apierrors import maintenance  # noqa: E402

ACCEPTS = {
    "JSON": project.SENT["HTTP_ACCEPT"],
    "HTML": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
}
#: Where each is sent: an API and a website.
PLACES = {"JSON": "/api/", "HTML": "/site/"}


def main() -> None:
    """Read the options, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100, help="rounds of each comparison (default 100)")
    parser.add_argument("--quick", action="store_true", help="ten rounds: does it run at all?")
    options = parser.parse_args()
    rounds = 10 if options.quick else options.rounds
    for name in ("django", "django_apierrors"):
        logging.getLogger(name).addHandler(logging.NullHandler())
        logging.getLogger(name).propagate = False
    call_command("migrate", verbosity=0)
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner() as runner:
        state = str(Path(folder) / "state")
        others, missing = peers("JSON", state)
        print(
            f"Python {platform.python_version()}, Django {django.__version__}; medians of {rounds} interleaved rounds "
            f"in one process, microseconds; peer: {PEER}",
            *missing,
            sep="\n",
        )
        switch(others, "off")
        alone(runner, rounds)
        off(runner, [NO_OP, WITHOUT_GATE, OURS, *others], rounds)
        maintenance.enable()
        switch(others, "on")
        for answer in ACCEPTS:
            on(runner, answer, [CONSTANT, OURS, *peers(answer, state)[0]], rounds)
        switch(others, "off")


def switch(others: Sequence[Candidate], to: str) -> None:
    for other in others:
        with other.at_work():
            call_command("maintenance_mode", to, verbosity=0)


def check(candidates: Sequence[Candidate], answer: str, status: int) -> None:
    """See that what is measured is what it is to be."""
    for candidate in candidates:
        with candidate.at_work():
            response = SYNC.make([candidate.middleware])(request(PLACES[answer] + SYNC.place, ACCEPTS[answer]))
        if response.status_code != status:
            raise SystemExit(f"{candidate.name} answered {response.status_code}, not {status}")


def alone(runner: asyncio.Runner, rounds: int) -> None:
    """Print what the gate costs where nothing else hides it: around a view that does nothing."""
    print("\n1. Off: the middleware by itself; a / b: the median / the fastest round")
    head("", *(candidate.name for candidate in (NO_OP, WITHOUT_GATE, OURS)), "the gate", "aim")
    sent, response = request("/api/fine", "*/*"), HttpResponse()

    def view(request: Any) -> HttpResponse:
        return response

    async def view_async(request: Any) -> HttpResponse:
        return response

    for name, wrapped, timed in (
        ("sync", view, one_by_one),
        ("async", view_async, lambda call, arguments: runner.run(one_by_one_async(call, arguments))),
    ):
        chains = [import_string(candidate.middleware)(wrapped) for candidate in (NO_OP, WITHOUT_GATE, OURS)]
        figures = interleaved([Variant(lambda: sent, chain) for chain in chains], rounds, calls=1000, timed=timed)
        _, without, ours = figures
        gate = f"{ours.median - without.median:+.2f} / {ours.fastest - without.fastest:+.2f}"
        row(name, *(f"{of.median:.2f} / {of.fastest:.2f}" for of in figures), gate, "<= +1.00")


def off(runner: asyncio.Runner, candidates: Sequence[Candidate], rounds: int) -> None:
    """Print what each adds to a 200, and what else it does."""
    print("\n2. Off: a 200, from the request to the response; +a / +b: of the medians / the median of the differences")
    check(candidates, "JSON", 200)
    sync = compared(candidates, SYNC, "JSON", rounds, runner)
    async_ = compared(candidates, ASYNC, "JSON", rounds, runner)
    head("", "sync", "over no-op", "async", "over no-op", "resolver calls, queries, hops")
    for candidate, of_sync, of_async in zip(candidates, sync, async_, strict=True):
        cells = [plain(of_sync), more(of_sync, sync[0]), plain(of_async), more(of_async, async_[0])]
        row(candidate.name, *cells, ", ".join(map(str, counted(candidate, runner))))
    print("hops: calls that leave the event loop for a thread, of an async request")


def on(runner: asyncio.Runner, answer: str, candidates: Sequence[Candidate], rounds: int) -> None:
    """Print what a 503 costs beside a constant one."""
    print(f"\n3. On: a 503 in {answer}; (a / bx): of the medians / the median of the ratios within a round")
    check(candidates, answer, 503)
    figures = [compared(candidates, way, answer, rounds, runner) for way in WAYS]
    head("", *(way.name for way in WAYS), "aim (whole)")
    for number, candidate in enumerate(candidates):
        cells = [beside(of_way[number], of_way[0]) if number else plain(of_way[0]) for of_way in figures]
        row(candidate.name, *cells, "<= 1.50x" if candidate is OURS else "")
    print("whole: from the environ to the last byte; else: from the request to the response")
    print("async: Django itself leaves the event loop to log an answer of 400 and more, the constant one, too")


@dataclass(frozen=True)
class Way:
    """How far a request goes: ``prepare`` makes one, ``make`` returns what serves it by some middleware."""

    name: str
    place: str
    prepare: Callable[[str, str], Any]
    make: Callable[[list[str]], Callable[[Any], Any]]
    is_async: bool = False


def request(place: str, accept: str) -> Any:
    return RequestFactory().get(place, **{**project.SENT, "HTTP_ACCEPT": accept})


def request_async(place: str, accept: str) -> Any:
    sent = {"accept": accept, "accept-language": project.SENT["HTTP_ACCEPT_LANGUAGE"]}
    return AsyncRequestFactory().get(place, headers=sent)


SYNC = Way("sync", "fine", request, lambda chain: project.wsgi(project.Without, chain).get_response)
ASYNC = Way("async", "fine-async", request_async, lambda chain: project.asgi(chain).get_response_async, is_async=True)
WAYS = (
    SYNC,
    Way(
        "sync, whole",
        SYNC.place,
        lambda *sent: request(*sent).environ,
        lambda chain: project.answer(project.wsgi(project.Without, chain)),
    ),
    ASYNC,
)


def compared(
    candidates: Sequence[Candidate], way: Way, answer: str, rounds: int, runner: asyncio.Runner
) -> list[Figures]:
    """Measure candidates side by side, each under its settings."""
    at_work: dict[Any, Candidate] = {way.make([candidate.middleware]): candidate for candidate in candidates}
    place = PLACES[answer] + way.place

    def timed(call: Any, arguments: Sequence[Any]) -> float:
        with at_work[call].at_work():
            return runner.run(one_by_one_async(call, arguments)) if way.is_async else one_by_one(call, arguments)

    variants = [Variant(lambda: way.prepare(place, ACCEPTS[answer]), call) for call in at_work]
    return interleaved(variants, rounds, calls=50, timed=timed)


def counted(candidate: Candidate, runner: asyncio.Runner) -> tuple[int, int, int]:
    """Return how many views one request looks up, how often it queries, and how often it leaves the event loop."""
    resolved, hops = counting(URLResolver, "resolve"), counting(SyncToAsync, "__call__")
    with candidate.at_work(), CaptureQueriesContext(connection) as queries, resolved as views, hops as left:
        runner.run(one_by_one_async(ASYNC.make([candidate.middleware]), [request_async("/api/fine-async", "*/*")]))
    return len(views), len(queries), len(left)


@contextmanager
def counting(owner: type, name: str) -> Iterator[list[None]]:
    """Count the calls of a method."""
    original, calls = getattr(owner, name), []

    def counted(*args: Any, **kwargs: Any) -> Any:
        calls.append(None)
        return original(*args, **kwargs)

    setattr(owner, name, counted)
    try:
        yield calls
    finally:
        setattr(owner, name, original)


if __name__ == "__main__":
    main()
