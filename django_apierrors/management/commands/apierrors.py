"""``manage.py apierrors``: the catalog from the command line, as the database has it now."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseError
from django.db import connections, router
from django.utils import translation

from ... import catalog, formats, negotiation
from ...catalog import Catalog
from ...conf import conf
from ...docs import examples, exports, names
from ...models import ErrorCode, ErrorCodeTranslation, Revision
from ...snapshot import snapshot
from .. import documents, importing, static_bodies, subcommands, syncing, telling

#: Exit codes besides 0, and 2 for whatever else is wrong.
_OUT_OF_STEP = _NOT_FOUND = 1
_BAD = 2


class Command(BaseCommand):
    """Shows, moves and checks the error catalog."""

    help = "Shows, exports and imports the error catalog, and keeps its rows in step with the code."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the subcommands."""
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

        listing = subcommands.add(actions, "list", "list all codes")
        explain = subcommands.add(actions, "explain", "say everything about one code, with a live example answer")
        explain.add_argument("code", metavar="CODE")
        export = subcommands.add(actions, "export", "write the catalog; JSON is complete and can be imported")
        export.add_argument("--format", choices=("json", "csv", "md"), default="json")
        export.add_argument("--output", type=Path, metavar="FILE", help="where to write it (default: standard output)")
        export.add_argument("--unlisted", action="store_true", help="unlisted codes in CSV and Markdown, too")
        import_ = subcommands.add(actions, "import", "make rows say what a JSON export says: all of it, or nothing")
        import_.add_argument("file", type=Path, metavar="FILE")
        import_.add_argument("--dry-run", action="store_true", help="only check, and say what would change")
        sync = subcommands.add(actions, "sync", "bring rows and code into step, and let every process reload")
        how = sync.add_mutually_exclusive_group()
        how.add_argument("--check", action="store_true", help="change nothing; exit with 1 when something is to do")
        how.add_argument("--prune", action="store_true", help="remove blank rows of codes that are defined no more")
        static = subcommands.add(actions, "static", "write error bodies for a proxy, with a snippet for nginx")
        static.add_argument("folder", type=Path, metavar="DIR")
        static.add_argument("--force", action="store_true", help="overwrite files that differ")
        for parser_ in (explain, static):
            parser_.add_argument("--format", help="name or dotted path of a format (default: the one that is set)")
        for parser_ in (listing, explain, export, static):
            parser_.add_argument("--lang", help="language of the texts (default: LANGUAGE_CODE)")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        """Run one subcommand with what the database says now."""
        run = getattr(self, f"_{action}")
        with catalog.override(_loaded()):
            try:
                run(**options)
            except DatabaseError as exc:
                raise CommandError(f"The database refused: {exc}", returncode=_BAD) from exc

    def _list(self, *, lang: str | None, **options: Any) -> None:
        found = exports.entries(catalog.current(), _language(lang), unlisted=True)
        self._say(telling.table(catalog.current(), found))

    def _explain(self, *, code: str, format: str | None, lang: str | None, **options: Any) -> None:
        language, name, live = _language(lang), _format(format), catalog.current()
        entry = live.entry(_known(code, live), language, negotiation.docs_base(None))
        request = static_bodies.nobodys_request(name, language)
        with translation.override(language):
            self._say(telling.explanation(live, entry, examples.example(entry, name, request, language)))

    def _export(self, *, format: str, output: Path | None, lang: str | None, unlisted: bool, **options: Any) -> None:
        is_json, language, live = format == "json", _language(lang), catalog.current()
        found = exports.entries(live, language, negotiation.docs_base(None), unlisted=is_json or unlisted)
        write = {"json": exports.to_json, "csv": exports.to_csv, "md": exports.to_markdown}[format]
        with translation.override(language):
            text = write(exports.document(live, found, with_edits=is_json))
        if output is None:
            self.stdout.write(text, ending="")
        else:
            _write(output, text.encode())

    def _import(self, *, file: Path, dry_run: bool, **options: Any) -> None:
        try:
            outcome = importing.apply(documents.read(_read(file)), dry_run=dry_run)
        except documents.Refused as exc:
            reasons = "\n".join(f"{file}: {reason}" for reason in exc.reasons)
            raise CommandError(f"Nothing was imported.\n{reasons}", returncode=_BAD) from None
        would = "would be " if dry_run else ""
        self._say(f"{would}created: {code}" for code in outcome.created)
        self._say(f"{would}changed: {code} ({', '.join(names)})" for code, names in outcome.changed.items())
        counts = f"{len(outcome.created)} created, {len(outcome.changed)} changed, {outcome.unchanged} unchanged"
        self._say([f"{counts}; nothing was written." if dry_run else f"{counts}."])

    def _sync(self, *, check: bool, prune: bool, **options: Any) -> None:
        if check:
            drift = syncing.look()
            found = [*drift.fixable(), *drift.left()]
            if found:
                lines = "\n".join(found)
                raise CommandError(f"{len(found)} out of step:\n{lines}", returncode=_OUT_OF_STEP)
            self._say(["Everything is in step."])
            return
        drift = syncing.sync(prune=prune)
        self._say(f"set right: {line}" for line in drift.fixable())
        self._say(f"removed: {code}" for code in drift.gone if prune)
        self._say(f"left: {line}" for line in drift.left(pruned=prune))
        self._say(["Every process reloads the catalog."])

    def _static(self, *, folder: Path, format: str | None, lang: str | None, force: bool, **options: Any) -> None:
        try:
            files = list(static_bodies.files(folder.absolute(), _format(format), _language(lang)))
        except ValueError as exc:
            raise CommandError(f"{exc}.", returncode=_BAD) from None
        differing = [str(path) for path, content in files if path.exists() and _read(path) != content]
        if differing and not force:
            found = ", ".join(differing)
            raise CommandError(f"{found}: there already, with other content. Use --force.", returncode=_BAD)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise CommandError(f"{folder}: cannot be made: {exc.strerror}", returncode=_BAD) from None
        for path, content in files:
            _write(path, content)
        self._say(f"wrote {path}" for path, _content in files)

    def _say(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.stdout.write(line)


def _loaded() -> Catalog:
    using = router.db_for_write(ErrorCode)
    try:
        tables = set(connections[using].introspection.table_names())
        if not tables.issuperset(model._meta.db_table for model in (ErrorCode, ErrorCodeTranslation, Revision)):
            message = f"The tables of the catalog are not in the database {using!r}. Run `manage.py migrate`."
            raise CommandError(message, returncode=_BAD)
        return snapshot.load()
    except (DatabaseError, ImproperlyConfigured) as exc:
        raise CommandError(f"The database {using!r} cannot be read: {exc}", returncode=_BAD) from exc


def _known(name: str, live: Catalog) -> str:
    """Return the code that is meant: in any case, also by the name that a format writes for it."""
    every = list(live)
    code = name.upper()
    if code in every:
        return code
    meant = names.written_as(name)
    if len(meant) == 1:
        return meant[0]
    close = meant or difflib.get_close_matches(code, every)
    hint = f" Did you mean {', '.join(close)}?" if close else " `apierrors list` shows all."
    raise CommandError(f"There is no code {name!r}.{hint}", returncode=_NOT_FOUND)


def _format(name: str | None) -> str:
    try:
        formats.get(name or conf.FORMAT)
    except (ImportError, TypeError):
        known = ", ".join(formats.BUILTIN)
        message = f"There is no format {name or conf.FORMAT!r}: use {known}, or the dotted path of a class."
        raise CommandError(message, returncode=_BAD) from None
    return name or conf.FORMAT


def _language(name: str | None) -> str:
    """Return the language that a client gets who asks for one, or for none."""
    try:
        return translation.get_supported_language_variant((name or settings.LANGUAGE_CODE).lower())
    except LookupError:
        if name is None:
            return settings.LANGUAGE_CODE
        raise CommandError(f"{name!r} is not one of the LANGUAGES of this project.", returncode=_BAD) from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise CommandError(f"{path}: cannot be read: {exc.strerror}", returncode=_BAD) from None


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as exc:
        raise CommandError(f"{path}: cannot be written: {exc.strerror}", returncode=_BAD) from None
