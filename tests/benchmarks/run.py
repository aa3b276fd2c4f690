"""Prints what the package costs beside what it replaces: ``tox run -e bench``. No figure fails it."""

from __future__ import annotations

import argparse
import asyncio
import logging
import platform
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="benchmarks",
    ALLOWED_HOSTS=["testserver"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.messages",
        "django.contrib.sessions",
        "rest_framework",
        "django_apierrors",
    ],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    ROOT_URLCONF="project",
    APIERRORS={"REFRESH_SECONDS": None},  # what a poll costs is measured in snapshot.py
    LOGGING_CONFIG=None,
    USE_TZ=True,
)
django.setup()

# Only now: DRF reads the settings when it is imported.
import project  # noqa: E402
import rest_framework  # noqa: E402
from django.core.signals import got_request_exception  # noqa: E402
from measure import Figures, Variant, interleaved, one_by_one, one_by_one_async  # noqa: E402
from rest_framework.views import exception_handler as drf_handler  # noqa: E402
from tables import beside, head, more, plain, row  # noqa: E402

from django_apierrors import handlers, receivers  # noqa: E402

try:
    from drf_standardized_errors.handler import exception_handler as peer_handler
except ImportError:
    peer_handler = None

DIRECT_AIMS = {"NotFound": "<= 1.10x", "22 wrong leaves": "<= 3.00x", "Throttled": "<= 1.10x"}
WHOLE_AIMS = {"NotFound": "<= 1.05x", "22 wrong leaves": "<= 1.20x", "Throttled": "<= 1.05x"}
RECEIVER = "django_apierrors.remember_exception"


def main() -> None:
    """Read the options, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100, help="rounds of each comparison (default 100)")
    parser.add_argument("--quick", action="store_true", help="ten rounds: does it run at all?")
    options = parser.parse_args()
    rounds = 10 if options.quick else options.rounds
    # Records are made and filtered as in production, and written nowhere.
    logging.getLogger("django").addHandler(logging.NullHandler())
    logging.getLogger("django").propagate = False
    print(
        f"Python {platform.python_version()}, Django {django.__version__}, DRF {rest_framework.VERSION}; "
        f"medians of {rounds} interleaved rounds in one process"
    )
    print("1.06 / 1.05x: the ratio of the medians / the median of the ratios within a round")
    direct(rounds)
    whole("without other middleware", [], rounds)
    whole("with the middleware of startproject", project.STARTPROJECT, rounds)
    success(rounds)


def direct(rounds: int) -> None:
    """Print what one call of the exception handler costs; ours makes its body when it is first read."""
    print("\n1. The exception handler called directly, microseconds")
    head("error", "DRF's default", "standardized-errors", "ours", "ours and .data", "aim (ours)")
    for error in project.BODIES:
        candidates: list[Callable[[Any], Any]] = [
            lambda given: drf_handler(*given),
            lambda given: handlers.exception_handler(*given),
            lambda given: getattr(handlers.exception_handler(*given), "data", None),
        ]
        if peer_handler is not None:
            candidates.append(lambda given: peer_handler(*given))
        variants = [Variant(lambda error=error: project.raised(error), call) for call in candidates]
        drf, ours, with_body, *peer = interleaved(variants, rounds, calls=20)
        row(
            error,
            plain(drf),
            beside(peer[0], drf) if peer else "not installed",
            beside(ours, drf),
            beside(with_body, drf),
            DIRECT_AIMS.get(error, ""),
        )


def whole(title: str, middleware: list[str], rounds: int) -> None:
    """Print what a request costs from the environ to the last byte, validation and rendering included."""
    print(f"\n2. The whole request {title}, microseconds")
    head("error", "without the package", "with the package", "aim")
    without = project.answer(project.wsgi(project.Without, middleware))
    ours = project.answer(project.wsgi(project.With, [*middleware[:1], project.OURS, *middleware[1:]]))
    for error in project.BODIES:
        variants = [Variant(lambda error=error: project.environ(error), call) for call in (without, ours)]

        def timed(call: Any, arguments: Sequence[Any]) -> float:
            if call is ours:
                return one_by_one(call, arguments)
            with receiver_disconnected():
                return one_by_one(call, arguments)

        before, after = interleaved(variants, rounds, calls=10, timed=timed)
        row(error, plain(before), beside(after, before), WHOLE_AIMS.get(error, ""))


def success(rounds: int) -> None:
    """Print what the middleware adds to a request that succeeds."""
    print("\n3. The middleware on a 200, microseconds")
    head("view", "no middleware", "no-op", "ours", "ours over no-op", "aim")
    chains: list[list[str]] = [[], [project.NO_OP], [project.OURS]]
    applications = [project.wsgi(project.Without, chain) for chain in chains]
    for name, place in (("sync", "/api/fine"), ("sync, DRF", "/api/fine-drf")):
        variants = [
            Variant(lambda place=place: project.get(place), application.get_response) for application in applications
        ]
        success_row(name, interleaved(variants, rounds, calls=50))
    with asyncio.Runner() as runner:
        variants = [
            Variant(lambda: project.get_async("/api/fine-async"), project.asgi(chain).get_response_async)
            for chain in chains
        ]
        timed = lambda call, arguments: runner.run(one_by_one_async(call, arguments))  # noqa: E731
        before = threading.active_count()
        success_row("async", interleaved(variants, rounds, calls=50, timed=timed))
        print(f"threads started by the async requests: {threading.active_count() - before} (aim: 0)")


@contextmanager
def receiver_disconnected() -> Iterator[None]:
    """Take away what the installed app does on a signal, so that "without" is without."""
    got_request_exception.disconnect(dispatch_uid=RECEIVER)
    try:
        yield
    finally:
        got_request_exception.connect(receivers.remember_exception, dispatch_uid=RECEIVER)


def success_row(name: str, figures: Sequence[Figures]) -> None:
    none, no_op, ours = figures
    row(name, plain(none), plain(no_op), plain(ours), more(ours, no_op), "<= +1.50")


if __name__ == "__main__":
    main()
