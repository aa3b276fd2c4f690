"""Prints what the guards cost, in microseconds a request, from the environ or the scope to the last byte."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Callable
from typing import Any

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="benchmarks",
    ALLOWED_HOSTS=["testserver"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "rest_framework", "django_apierrors"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=["django_apierrors.middleware.ApiErrorMiddleware"],
    APIERRORS={"REFRESH_SECONDS": None},
    LOGGING_CONFIG=None,
    USE_TZ=True,
)
django.setup()

# Only now: DRF reads the settings when it is imported.
import project  # noqa: E402
from django.core.handlers.asgi import ASGIHandler  # noqa: E402
from django.core.handlers.wsgi import WSGIHandler  # noqa: E402
from django.http import HttpResponse, StreamingHttpResponse  # noqa: E402
from django.test import AsyncRequestFactory, RequestFactory  # noqa: E402
from django.urls import path  # noqa: E402
from measure import Figures, Variant, interleaved, one_by_one_async  # noqa: E402
from tables import FEW, more, parser, plain, silence, table  # noqa: E402

from django_apierrors import asgi, wsgi  # noqa: E402

HEADERS = {"X-One": "1", "X-Two": "2", "X-Three": "3", "X-Four": "4", "X-Five": "5"}


def fine(request: Any) -> HttpResponse:
    return HttpResponse("fine", headers=HEADERS)


async def fine_async(request: Any) -> HttpResponse:
    return HttpResponse("fine", headers=HEADERS)


def stream(request: Any) -> StreamingHttpResponse:
    return StreamingHttpResponse([b"fine"], headers=HEADERS)


async def stream_async(request: Any) -> StreamingHttpResponse:
    async def chunks() -> Any:
        yield b"fine"

    return StreamingHttpResponse(chunks(), headers=HEADERS)


urlpatterns = [
    path("api/fine", fine),
    path("api/fine-async", fine_async),
    path("api/stream", stream),
    path("api/stream-async", stream_async),
]


def main() -> None:
    """Read the options, measure and print."""
    options = parser(__doc__, rounds=100).parse_args()
    rounds, calls = (FEW, 2) if options.quick else (options.rounds, 100)
    silence()
    versions = f"Python {platform.python_version()}, Django {django.__version__}"
    print(f"{versions}; CPU time, {rounds} rounds of {calls} calls, six headers of the view")
    row = table(16)
    row("", "without", "guarded", "the guard")
    alone = WSGIHandler()
    for name, place in (("WSGI", "/api/fine"), ("WSGI, a stream", "/api/stream")):
        applications: list[Any] = [alone, wsgi.guard(alone)]
        variants = [
            Variant(lambda place=place: RequestFactory().get(place).environ, project.answer(application))
            for application in applications
        ]
        row(name, *cells(interleaved(variants, rounds, calls)))
    alone_async = ASGIHandler()
    with asyncio.Runner() as runner:
        timed: Callable[..., float] = lambda call, arguments: runner.run(one_by_one_async(call, arguments))  # noqa: E731
        for name, place in (("ASGI", "/api/fine-async"), ("ASGI, a stream", "/api/stream-async")):
            applications = [alone_async, asgi.guard(alone_async)]
            variants = [
                Variant(lambda place=place: AsyncRequestFactory().get(place).scope, project.answer_async(application))
                for application in applications
            ]
            row(name, *cells(interleaved(variants, rounds, calls, timed)))


def cells(figures: list[Figures]) -> list[str]:
    alone, guarded = figures
    return [plain(alone), plain(guarded), more(guarded, alone)]


if __name__ == "__main__":
    main()
