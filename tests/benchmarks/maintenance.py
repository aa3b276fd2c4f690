"""Prints what maintenance mode costs, off and on, beside a constant 503 and django-maintenance-mode.

No figure fails it; an answer that is not what is to be measured does.
"""

from __future__ import annotations

import asyncio
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import django
from django.conf import settings

IS_PEER_INSTALLED = find_spec("maintenance_mode") is not None

settings.configure(
    SECRET_KEY="benchmarks",
    ALLOWED_HOSTS=["testserver"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "rest_framework",
        "django_apierrors",
        *(["maintenance_mode"] if IS_PEER_INSTALLED else []),
    ],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    ROOT_URLCONF="project",
    APIERRORS={"REFRESH_SECONDS": None},  # what a poll costs is measured in snapshot.py
    MAINTENANCE_MODE_STATE_FILE_PATH="",  # else it wants a settings module; each candidate brings its own
    LOGGING_CONFIG=None,
    USE_TZ=True,
)
django.setup()
sys.path.append(str(Path(__file__).parents[1]))

# Only now: DRF reads the settings when it is imported.
import project  # noqa: E402
from asgiref.sync import SyncToAsync  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.test import AsyncRequestFactory, RequestFactory, override_settings  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.urls import URLResolver  # noqa: E402
from django.utils.module_loading import import_string  # noqa: E402
from measure import Figures, Variant, interleaved, one_by_one, one_by_one_async  # noqa: E402
from peers import MAINTENANCE_MODE as PEER  # noqa: E402
from support.services import private_store  # noqa: E402
from tables import beside, more, parser, plain, silence, table  # noqa: E402

from django_apierrors import maintenance  # noqa: E402

ACCEPTS = {
    "JSON": project.SENT["HTTP_ACCEPT"],
    "HTML": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
}
#: Where each is sent: an API and a website.
PLACES = {"JSON": "/api/", "HTML": "/site/"}
MEDIA_TYPES = {"JSON": "application/json", "HTML": "text/html"}
AIMS = {"JSON": "<= 2.00x", "HTML": "<= 2.50x"}


@dataclass(frozen=True)
class Candidate:
    """One of the things compared: its middleware, and the settings under which it works."""

    name: str
    middleware: str
    settings: dict[str, Any] = field(default_factory=dict)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        with override_settings(**self.settings):
            yield


OURS = Candidate("ours", project.OURS)
NO_OP = Candidate("no-op", project.NO_OP)
CONSTANTS = {name: Candidate("constant", f"bare.Constant{name.capitalize()}") for name in ACCEPTS}


@dataclass(frozen=True)
class Way:
    """How far a request goes: ``prepare`` makes one, ``serve`` returns what serves it by some middleware."""

    name: str
    view: str
    prepare: Callable[[str, str], Any]
    serve: Callable[[list[str]], Callable[[Any], Any]]
    is_async: bool = False


def request(place: str, accept: str) -> Any:
    return RequestFactory().get(place, **{**project.SENT, "HTTP_ACCEPT": accept})


def request_async(place: str, accept: str) -> Any:
    sent = {"accept": accept, "accept-language": project.SENT["HTTP_ACCEPT_LANGUAGE"]}
    return AsyncRequestFactory().get(place, headers=sent)


SYNC = Way("sync", "fine", request, lambda chain: project.wsgi(project.ALONE, chain).get_response)
ASYNC = Way("async", "fine-async", request_async, lambda chain: project.asgi(chain).get_response_async, is_async=True)
SYNC_WHOLE = Way(
    "sync, whole",
    SYNC.view,
    lambda *sent: request(*sent).environ,
    lambda chain: project.answer(project.wsgi(project.ALONE, chain)),
)
ASYNC_WHOLE = Way(
    "async, whole",
    ASYNC.view,
    lambda *sent: request_async(*sent).scope,
    lambda chain: project.answer_async(project.asgi(chain)),
    is_async=True,
)


def main() -> None:
    """Read the options, measure and print."""
    options = parser(__doc__, rounds=100).parse_args()
    rounds, calls = (2, 2) if options.quick else (options.rounds, 20)
    silence()
    call_command("migrate", verbosity=0)
    with ExitStack() as stack:
        state = str(Path(stack.enter_context(tempfile.TemporaryDirectory())) / "state")
        runner = stack.enter_context(asyncio.Runner())
        print(
            f"Python {platform.python_version()}, Django {django.__version__}; CPU time in microseconds, medians of "
            f"{rounds} interleaved rounds of {calls} calls; ratios and differences: the median of those within a round"
        )
        backends = available_backends(stack)
        others = {answer: peers(answer, state, backends) for answer in ACCEPTS}
        switch(others["JSON"], "off")
        print_alone(runner, rounds, calls * 50)
        print_off(runner, [NO_OP, OURS, *others["JSON"]], rounds, calls)
        maintenance.enable()
        switch(others["JSON"], "on")
        for answer in ACCEPTS:
            print_on(runner, answer, [CONSTANTS[answer], OURS, *others[answer]], rounds, calls)
        switch(others["JSON"], "off")
        maintenance.disable()


def available_backends(stack: ExitStack) -> dict[str, dict[str, Any]]:
    """Return the peer's settings for each of its backends that works here, by the name of the backend."""
    if not IS_PEER_INSTALLED:
        print(f"{PEER} is left out: it is not installed")
        return {}
    backends = {
        "file": {"MAINTENANCE_MODE_STATE_BACKEND": "maintenance_mode.backends.LocalFileBackend"},
        "LocMem": {
            "MAINTENANCE_MODE_STATE_BACKEND": "maintenance_mode.backends.CacheBackend",
            "MAINTENANCE_MODE_CACHE_BACKEND": "default",
        },
    }
    if shutil.which("redis-server") and find_spec("django_redis"):
        port = stack.enter_context(private_store("redis")).port
        redis = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": f"redis://127.0.0.1:{port}/1"}
        stack.enter_context(override_settings(CACHES={**settings.CACHES, "redis": redis}))
        backends["Redis"] = {**backends["LocMem"], "MAINTENANCE_MODE_CACHE_BACKEND": "redis"}
    else:
        print(f"{PEER} with Redis is left out: redis-server or django-redis is not installed")
    return backends


def peers(answer: str, state: str, backends: dict[str, dict[str, Any]]) -> list[Candidate]:
    """Return the peer with each backend; ``answer`` is JSON or HTML, ``state`` the path of the file of the first."""
    common = {"MAINTENANCE_MODE_STATE_FILE_PATH": state, "MAINTENANCE_MODE_RESPONSE_TYPE": answer.lower()}
    middleware = "maintenance_mode.middleware.MaintenanceModeMiddleware"
    return [Candidate(f"{PEER}, {name}", middleware, {**common, **own}) for name, own in backends.items()]


def switch(others: Sequence[Candidate], to: str) -> None:
    for other in others:
        with other.at_work():
            call_command("maintenance_mode", to, verbosity=0)


def check(candidates: Sequence[Candidate], answer: str, status: int, runner: asyncio.Runner) -> None:
    """End the program unless every candidate answers with the status and the type that are to be measured."""
    for candidate in candidates:
        for way in (SYNC, ASYNC):
            sent = way.prepare(PLACES[answer] + way.view, ACCEPTS[answer])
            with candidate.at_work():
                response = way.serve([candidate.middleware])(sent)
                response = runner.run(response) if way.is_async else response
            if response.status_code != status:
                raise SystemExit(f"{candidate.name}, {way.name}: answered {response.status_code}, not {status}")
            media_type = response.headers["Content-Type"].partition(";")[0]
            if status != HTTPStatus.OK and media_type != MEDIA_TYPES[answer]:
                raise SystemExit(f"{candidate.name}, {way.name}: answered in {media_type}, not in {answer}")


def print_alone(runner: asyncio.Runner, rounds: int, calls: int) -> None:
    """Print what the middleware costs where nothing else hides it: around a view that does nothing."""
    print("\n1. Off: the middleware by itself; the gate cannot cost more than all of it")
    row = table(18)
    row("", "no-op", "ours", "ours over no-op", "aim (the gate)")
    sent, response = request("/api/fine", "*/*"), HttpResponse()

    def view(request: Any) -> HttpResponse:
        return response

    async def view_async(request: Any) -> HttpResponse:
        return response

    for name, wrapped, timed in (("sync", view, one_by_one), ("async", view_async, partial(run_async, runner))):
        chains = [import_string(candidate.middleware)(wrapped) for candidate in (NO_OP, OURS)]
        no_op, ours = interleaved([Variant(lambda: sent, chain) for chain in chains], rounds, calls, timed)
        row(name, plain(no_op), plain(ours), more(ours, no_op), "<= +1.00")


def print_off(runner: asyncio.Runner, candidates: Sequence[Candidate], rounds: int, calls: int) -> None:
    """Print what each adds to a 200, and what else it does."""
    print("\n2. Off: a 200, from the request to the response")
    check(candidates, "JSON", HTTPStatus.OK, runner)
    sync = compare(candidates, SYNC, "JSON", rounds, calls, runner)
    async_ = compare(candidates, ASYNC, "JSON", rounds, calls, runner)
    row = table(16, first=34)
    row("", "sync", "over no-op", "async", "over no-op", "resolver calls, queries, hops")
    for candidate, of_sync, of_async in zip(candidates, sync, async_, strict=True):
        cells = [plain(of_sync), more(of_sync, sync[0]), plain(of_async), more(of_async, async_[0])]
        row(candidate.name, *cells, ", ".join(map(str, count(candidate, runner))))
    print("  hops: calls that leave the event loop for a thread, of an async request")


def print_on(runner: asyncio.Runner, answer: str, candidates: Sequence[Candidate], rounds: int, calls: int) -> None:
    """Print what a 503 costs beside a constant one."""
    print(f"\n3. On: a 503 in {answer}")
    check(candidates, answer, HTTPStatus.SERVICE_UNAVAILABLE, runner)
    ways = (SYNC_WHOLE, ASYNC_WHOLE, ASYNC)
    figures = [compare(candidates, way, answer, rounds, calls, runner) for way in ways]
    row = table(20, first=34)
    row("", *(way.name for way in ways), "aim (whole)")
    for number, candidate in enumerate(candidates):
        cells = [beside(of_way[number], of_way[0]) if number else plain(of_way[0]) for of_way in figures]
        row(candidate.name, *cells, AIMS[answer] if candidate is OURS else "")
    print("  whole: from the environ or the scope to the last byte; else: from the request to the response")
    print("  async, whole: most of it is a thread that Django itself starts for the signals of each request")


def compare(
    candidates: Sequence[Candidate], way: Way, answer: str, rounds: int, calls: int, runner: asyncio.Runner
) -> list[Figures]:
    """Measure candidates side by side, each under its settings."""
    place, accept = PLACES[answer] + way.view, ACCEPTS[answer]
    prepare = partial(way.prepare, place, accept)
    variants = [Variant(prepare, way.serve([candidate.middleware]), candidate.at_work) for candidate in candidates]
    return interleaved(variants, rounds, calls, partial(run_async, runner) if way.is_async else one_by_one)


def run_async(runner: asyncio.Runner, call: Any, arguments: Sequence[Any]) -> float:
    return runner.run(one_by_one_async(call, arguments))


def count(candidate: Candidate, runner: asyncio.Runner) -> tuple[int, int, int]:
    """Return how many views one request looks up, how often it queries, and how often it leaves the event loop."""
    resolved, hops = counting(URLResolver, "resolve"), counting(SyncToAsync, "__call__")
    with candidate.at_work(), CaptureQueriesContext(connection) as queries, resolved as views, hops as left:
        run_async(runner, ASYNC.serve([candidate.middleware]), [request_async("/api/fine-async", "*/*")])
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
