"""Prints what a large catalog costs on the wire, to load, to keep and to look after. No figure fails it."""

from __future__ import annotations

import gc
import logging
import platform
import tracemalloc
from collections.abc import Callable
from time import perf_counter

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="benchmarks",
    ALLOWED_HOSTS=["testserver"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "rest_framework", "django_apierrors"],
    MIDDLEWARE=["django_apierrors.middleware.ApiErrorMiddleware"],
    ROOT_URLCONF=(),
    APIERRORS={"REFRESH_SECONDS": 3600.0},
    LOGGING_CONFIG=None,
    USE_TZ=True,
)
django.setup()

from django.core.handlers.wsgi import WSGIHandler  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import RequestFactory  # noqa: E402
from internals import Catalog, catalog, loader, snapshot  # noqa: E402
from measure import Variant, interleaved  # noqa: E402
from tables import parser  # noqa: E402

from django_apierrors.models import ErrorCode, ErrorCodeTranslation  # noqa: E402

TEXT = "A sentence of some sixty characters that a writer has edited."


def main() -> None:
    """Read the options, measure and print."""
    arguments = parser(__doc__, rounds=50)
    arguments.add_argument("--codes", type=int, default=10_000, help="codes of the large catalog (default 10 000)")
    options = arguments.parse_args()
    rounds, codes = (2, 200) if options.quick else (options.rounds, options.codes)
    logging.disable()  # one record for each 404
    print(f"Python {platform.python_version()}, Django {django.__version__}, SQLite in memory\n")
    call_command("migrate", verbosity=0)
    small = snapshot.load()
    _write(codes)
    _print_loading(codes)
    large = snapshot.load()
    _print_wire(small, large, rounds)
    _print_idle()


def _write(number: int) -> None:
    """Fill the tables up: every code with all texts, every second one translated."""
    texts = {"title": TEXT, "message": TEXT, "description": TEXT * 3, "causes": TEXT, "remedy": TEXT}
    missing = number - ErrorCode.objects.count()
    ErrorCode.objects.bulk_create([ErrorCode(code=f"CODE_{n}", status=400, **texts) for n in range(missing)])
    ErrorCodeTranslation.objects.bulk_create(
        [ErrorCodeTranslation(entry=row, language="de", **texts) for row in ErrorCode.objects.all()[::2]]
    )


def _print_loading(number: int) -> None:
    seconds = min(_seconds(snapshot.load) for _ in range(5))
    polled = min(_seconds(lambda: loader.load_tokens("default")) for _ in range(200))
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    kept = snapshot.load()
    gc.collect()
    after, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    print(f"{number:,} codes, {ErrorCodeTranslation.objects.count():,} translations")
    print(f"  load                    {seconds * 1000:10.1f} ms")
    print(f"  poll (nothing changed)  {polled * 1000:10.3f} ms")
    print(f"  memory of the copy      {(after - before) / 2**20:10.1f} MiB")
    print(f"  memory while it loads   {(peak - before) / 2**20:10.1f} MiB")
    del kept


def _print_wire(small: Catalog, large: Catalog, rounds: int) -> None:
    factory, handler = RequestFactory(), WSGIHandler()

    def answer(of: Catalog) -> Callable[[object], None]:
        def call(request: object) -> None:
            catalog.install(of)
            assert handler.get_response(request).status_code == 404

        return call

    def look_up(of: Catalog) -> Callable[[object], None]:
        return lambda _: of.entry("ENDPOINT_NOT_FOUND", "en")

    sizes = [len(list(of)) for of in (small, large)]
    wire = interleaved([Variant(lambda: factory.get("/api/x"), answer(of)) for of in (small, large)], rounds, 50)
    looked = interleaved([Variant(lambda: None, look_up(of)) for of in (small, large)], rounds, 1000)
    print(f"\n{'':24}{sizes[0]:>7,} codes {sizes[1]:>7,} codes     ratio")
    for name, (few, many) in {"404 on the wire, µs": wire, "look-up of an entry, µs": looked}.items():
        print(f"  {name:24}{few.median:11.3f}{many.median:14.3f}{many.ratio(few):10.2f}")


def _print_idle() -> None:
    calls = 100_000
    snapshot.load()
    seconds = min(_seconds(lambda: [snapshot.is_stale() for _ in range(calls)]) for _ in range(5))
    stale = min(_seconds(lambda: [None for _ in range(calls)]) for _ in range(5))
    print(f"\nis_stale() while nothing is  {(seconds - stale) / calls * 1e9:.0f} ns a request")


def _seconds(call: Callable[[], object]) -> float:
    begun = perf_counter()
    call()
    return perf_counter() - begun


if __name__ == "__main__":
    main()
