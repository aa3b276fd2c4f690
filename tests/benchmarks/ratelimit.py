"""Prints what a limit costs beside django-ratelimit's bare counting and DRF's throttle. No figure fails it."""

from __future__ import annotations

import asyncio
import itertools
import logging
import platform
import shutil
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from http import HTTPStatus
from pathlib import Path
from time import perf_counter
from typing import Any

import django
from django.conf import settings

RATE = "1000000/h"  # nobody is refused: what is measured is the counting
CLIENTS = 100
REDIS = ("django-redis", "Django's RedisCache")
HEADERS = [(b"host", b"testserver")]
LOCMEM = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 10_000}}

settings.configure(
    SECRET_KEY="benchmarks",
    ALLOWED_HOSTS=["testserver"],
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "rest_framework", "django_apierrors"],
    ROOT_URLCONF="project",
    APIERRORS={"REFRESH_SECONDS": None},
    REST_FRAMEWORK={"DEFAULT_THROTTLE_RATES": {"user": RATE}},
    LOGGING_CONFIG=None,
    USE_TZ=True,
)
django.setup()
sys.path.append(str(Path(__file__).parents[1]))

# Only now: DRF reads the settings when it is imported.
import project  # noqa: E402
import rest_framework  # noqa: E402
from asgiref.sync import sync_to_async  # noqa: E402
from django.core.cache import caches  # noqa: E402
from django.test import AsyncRequestFactory, RequestFactory, override_settings  # noqa: E402
from django_ratelimit.core import get_usage  # noqa: E402
from internals import RequestState, conf, global_limits  # noqa: E402
from measure import Figures, Variant, interleaved, one_by_one, one_by_one_async  # noqa: E402
from rest_framework.request import Request  # noqa: E402
from rest_framework.throttling import UserRateThrottle  # noqa: E402
from support.services import private_store  # noqa: E402
from tables import FEW, parser  # noqa: E402

from django_apierrors.ratelimit import RatelimitThrottle, acheck, check, ratelimit  # noqa: E402

LIMITED = {**settings.APIERRORS, "RATELIMIT": {"POLICIES": {"ip": {"key": "ip", "rate": RATE}}, "GLOBAL": ["ip"]}}


def main() -> None:
    """Read the options, measure and print."""
    options = parser(__doc__, rounds=1000).parse_args()
    rounds = FEW if options.quick else options.rounds
    logging.disable()
    # Django's RedisCache leaves connections to the garbage collector.
    warnings.simplefilter("ignore", ResourceWarning)
    print(
        f"Python {platform.python_version()}, Django {django.__version__}, DRF {rest_framework.VERSION}; "
        f"medians of {rounds} interleaved rounds in one process"
    )
    print("1.05x: the median of the ratios to bare get_usage within a round, by the clock: a store is waited for")
    print_unlimited()
    with ExitStack() as stack:
        redis = shutil.which("redis-server") and stack.enter_context(private_store("redis"))
        known = stores(redis.port) if redis else {"LocMemCache": LOCMEM}
        stack.enter_context(override_settings(CACHES={"default": LOCMEM, **known}, APIERRORS=LIMITED))
        print("\n2. Connections that 1 000 ASGI requests, 50 of them at a time, open to Redis (aim: 4)")
        for alias in REDIS if redis else ():
            with override_settings(RATELIMIT_USE_CACHE=alias):
                print(f"    {alias:24}{connections(redis.port):9}")
        print("\n3. Counting one request, microseconds (aim on Redis: <= 1.10x)")
        for alias in known:
            with override_settings(RATELIMIT_USE_CACHE=alias):
                print_counting(alias, rounds)
        print("\n4. The same in async code, microseconds")
        for alias in known:
            with override_settings(RATELIMIT_USE_CACHE=alias):
                print_counting_async(alias, rounds)
    if not redis:
        print("\nredis-server is not installed: only LocMemCache was measured")


def stores(port: int) -> dict[str, Any]:
    """Return the caches that are compared, by their names."""
    options = {"socket_connect_timeout": 0.25, "socket_timeout": 0.25}
    return {
        "django-redis": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": f"redis://127.0.0.1:{port}/1",
            "OPTIONS": {name.upper(): value for name, value in options.items()},
        },
        "Django's RedisCache": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": f"redis://127.0.0.1:{port}/2",
            "OPTIONS": options,
        },
        "LocMemCache": LOCMEM,
    }


def print_counting(store: str, rounds: int) -> None:
    """Print what one count costs, by the way it is asked for."""
    requests = _requests(RequestFactory())
    throttle, drf = Throttle(), UserRateThrottle()
    drf.cache = caches[store]
    ways: dict[str, Callable[[Any], Any]] = {
        "bare get_usage": bare,
        "check()": lambda request: check(request, "ip"),
        "decorator": ratelimit(policy="ip")(lambda request: None),
        "global limit": lambda request: (
            global_limits.is_limited(request) and global_limits.check_global_limits(request, conf.RATELIMIT["GLOBAL"])
        ),
        "throttle": lambda request: throttle.allow_request(request, None),
        "DRF's UserRateThrottle": lambda request: drf.allow_request(request, None),
    }
    of_drf = lambda: Request(next(requests))  # noqa: E731
    variants = [Variant(of_drf if "hrottle" in name else requests.__next__, call) for name, call in ways.items()]
    timed = partial(one_by_one, clock=perf_counter)
    _print_ways(store, ways, interleaved(variants, rounds, calls=1, timed=timed))


def print_counting_async(store: str, rounds: int) -> None:
    """Print the same for coroutines; DRF's throttle has none."""
    requests = _requests(AsyncRequestFactory())

    async def view(request: Any) -> None:
        pass

    async def limited(request: Any) -> None:
        if global_limits.is_limited(request):
            await global_limits.acheck_global_limits(request, conf.RATELIMIT["GLOBAL"])

    ways: dict[str, Callable[[Any], Any]] = {
        "bare get_usage": sync_to_async(bare),
        "acheck()": lambda request: acheck(request, "ip"),
        "decorator": ratelimit(policy="ip")(view),
        "global limit": limited,
    }
    variants = [Variant(requests.__next__, call) for call in ways.values()]
    with asyncio.Runner() as runner:
        timed = lambda call, arguments: runner.run(one_by_one_async(call, arguments, perf_counter))  # noqa: E731
        _print_ways(store, ways, interleaved(variants, rounds, calls=1, timed=timed))


def bare(request: Any) -> Any:
    """Count as django-ratelimit does."""
    return get_usage(request, group="bare", key="ip", rate=RATE, increment=True)


class Throttle(RatelimitThrottle):
    policy = "ip"


def print_unlimited() -> None:
    """Print what a request pays for limits that nobody has asked for."""
    request, calls = RequestFactory().get("/"), 500
    asked = min(
        _seconds(lambda: [conf.RATELIMIT["GLOBAL"] or RequestState.of(request).usages for _ in range(calls)])
        for _ in range(1000)
    )
    nothing = min(_seconds(lambda: [None for _ in range(calls)]) for _ in range(1000))
    print("\n1. A request without limits, nanoseconds (aim: well below 500)")
    print(f"    {'GLOBAL, usages':24}{(asked - nothing) / calls * 1e9:9.0f}")


def connections(port: int) -> int:
    """Return how many connections requests to an application with a global limit open."""
    from redis import Redis

    application = project.asgi([project.OURS])

    async def ask() -> None:
        received, sent = [{"type": "http.request"}], []

        async def receive() -> Any:
            return received.pop() if received else await asyncio.Event().wait()

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "GET", "path": "/api/fine-async", "query_string": b"", "headers": HEADERS}
        await application(
            {**scope, "headers": [(b"host", b"testserver")], "client": ("192.0.2.1", 5678)}, receive, send
        )
        assert sent[0]["status"] == HTTPStatus.OK

    async def ask_all() -> None:
        for _ in range(20):
            await asyncio.gather(*(ask() for _ in range(50)))

    with Redis(port=port) as client, ThreadPoolExecutor(1) as thread:
        number = lambda: client.info("stats")["total_connections_received"]  # noqa: E731
        before: int = number()
        # What this thread opens would be there for each request.
        thread.submit(asyncio.run, ask_all()).result()
        return number() - before


def _requests(factory: Any) -> Iterator[Any]:
    """Make requests of so many clients in turn: DRF's throttle keeps a list for each."""
    for number in itertools.cycle(range(CLIENTS)):
        request = factory.get("/")
        request.META["REMOTE_ADDR"] = f"192.0.2.{number}"
        request.user = None
        yield request


def _print_ways(store: str, ways: Any, figures: Sequence[Figures]) -> None:
    print(f"  {store}")
    for name, figure in zip(ways, figures, strict=True):
        print(f"    {name:24}{figure.median:9.1f}   {figure.ratio(figures[0]):.2f}x")


def _seconds(call: Callable[[], object]) -> float:
    begun = perf_counter()
    call()
    return perf_counter() - begun


if __name__ == "__main__":
    main()
