"""Prints what errors and the middleware cost beside DRF alone, a handler by hand and every peer.

No figure fails it; an answer that is not what is to be measured does.
"""

from __future__ import annotations

import asyncio
import platform
import threading
from collections.abc import Sequence

import django
from django.conf import settings
from peers import APPS, SETTINGS

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
        *APPS,
    ],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    ROOT_URLCONF="project",
    APIERRORS={"REFRESH_SECONDS": None},  # what a poll costs is measured in snapshot.py
    LOGGING_CONFIG=None,
    USE_TZ=True,
    **SETTINGS,
)
django.setup()

# Only now: DRF reads the settings when it is imported.
import errors  # noqa: E402
import project  # noqa: E402
import rest_framework  # noqa: E402
from measure import Figures, Variant, interleaved, one_by_one_async  # noqa: E402
from tables import more, parser, plain, silence, table  # noqa: E402

AIM = "<= +1.50"


def main() -> None:
    """Read the options, check that what is compared answers as it should, measure and print."""
    options = parser(__doc__, rounds=100).parse_args()
    rounds, calls = (2, 2) if options.quick else (options.rounds, 20)
    silence()
    print(
        f"Python {platform.python_version()}, Django {django.__version__}, DRF {rest_framework.VERSION}; CPU time, "
        f"{rounds} rounds of {calls} calls, all interleaved in one process; ratios and differences: "
        "the median of those within a round"
    )
    for line in errors.candidates(is_documented=False)[1]:
        print(line)
    title = "An error from the environ to the last byte"
    errors.print_table(f"1. {title}, no other middleware", [], rounds, calls)
    errors.print_table(f"2. {title}, startproject's middleware", project.STARTPROJECT, rounds, calls)
    errors.print_table(
        f"3. {title}, startproject's middleware, the documentation mounted (Link)",
        project.STARTPROJECT,
        rounds,
        calls,
        is_documented=True,
    )
    print_success(rounds, calls=calls * 5)


def print_success(rounds: int, calls: int) -> None:
    """Print what the middleware adds to a request that succeeds, from the request object to the response."""
    print("\n4. The middleware on a 200, microseconds; from the request to the response: a server's part hides it")
    row = table(18)
    row("", "no middleware", "no-op", "ours", "ours over no-op", "aim")
    chains: list[list[str]] = [[], [project.NO_OP], [project.OURS]]
    applications = [project.wsgi(project.ALONE, chain) for chain in chains]
    for name, place in (("sync", "/api/fine"), ("sync, DRF", "/api/fine-drf")):
        variants = [
            Variant(lambda place=place: project.get(place), application.get_response) for application in applications
        ]
        row(name, *success_cells(interleaved(variants, rounds, calls)))
    with asyncio.Runner() as runner:
        variants = [
            Variant(lambda: project.get_async("/api/fine-async"), project.asgi(chain).get_response_async)
            for chain in chains
        ]
        timed = lambda call, arguments: runner.run(one_by_one_async(call, arguments))  # noqa: E731
        before = threading.active_count()
        row("async", *success_cells(interleaved(variants, rounds, calls, timed)))
        print(f"threads started by the async requests: {threading.active_count() - before} (aim: 0)")


def success_cells(figures: Sequence[Figures]) -> list[str]:
    none, no_op, ours = figures
    return [plain(none), plain(no_op), plain(ours), more(ours, no_op), AIM]


if __name__ == "__main__":
    main()
