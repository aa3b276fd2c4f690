"""The command ``manage.py apierrors``: the catalog on the command line, read from the database."""

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
from ...checks.settings import check_settings
from ...conf import conf
from ...docs import examples, exports, format_aliases
from ...docs.public_catalog import PublicCatalog
from ...models import ErrorCode, ErrorCodeTranslation, Revision
from ...snapshot import snapshot
from .. import adoption, catalog_output, documents, importing, static_bodies, sync
from ..subcommands import EXIT_ERROR, add_subcommand

#: The exit code of a difference and of an unknown code.
_OUT_OF_STEP = _NOT_FOUND = 1


class Command(BaseCommand):
    """Shows, moves and checks the error catalog."""

    help = "Shows, exports and imports the error catalog, and keeps its rows in step with the code."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the subcommands."""
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

        listing = add_subcommand(actions, "list", "list all codes")
        explain = add_subcommand(actions, "explain", "say everything about one code, with a live example answer")
        explain.add_argument("code", metavar="CODE")
        export = add_subcommand(actions, "export", "write the catalog; JSON is complete and can be imported")
        export.add_argument("--format", choices=("json", "csv", "md"), default="json")
        export.add_argument("--output", type=Path, metavar="FILE", help="where to write it (default: standard output)")
        export.add_argument("--unlisted", action="store_true", help="unlisted codes in CSV and Markdown, too")
        import_ = add_subcommand(actions, "import", "make rows say what a JSON export says: all of it, or nothing")
        import_.add_argument("file", type=Path, metavar="FILE")
        import_.add_argument("--dry-run", action="store_true", help="only check, and say what would change")
        sync_ = add_subcommand(actions, "sync", "bring rows and code into step, and let every process reload")
        mode = sync_.add_mutually_exclusive_group()
        mode.add_argument("--check", action="store_true", help="change nothing; exit with 1 when something is to do")
        mode.add_argument("--prune", action="store_true", help="remove blank rows of codes that are defined no more")
        adopt = add_subcommand(actions, "adopt", "print what this project adds to have the package, and what changes")
        adopt.set_defaults(skip_checks=True)  # the project is not ready, which is what it is asked for
        static = add_subcommand(actions, "static", "write error bodies for a proxy, with a snippet for nginx")
        static.add_argument("folder", type=Path, metavar="DIR")
        static.add_argument("--force", action="store_true", help="overwrite files that differ")
        for parser_ in (explain, static):
            parser_.add_argument("--format", help="name or dotted path of a format (default: the one that is set)")
        for parser_ in (listing, explain, export, static):
            parser_.add_argument("--lang", help="language of the texts (default: LANGUAGE_CODE)")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        """Run one subcommand with the catalog of the database."""
        if action == "adopt":  # before there are tables
            self._adopt()
            return
        run = getattr(self, f"_{action}")
        with catalog.override(_load_catalog()):
            try:
                run(**options)
            except DatabaseError as exc:
                raise CommandError(f"The database refused: {exc}", returncode=EXIT_ERROR) from exc

    def _adopt(self) -> None:
        wrong = [f"{message.msg} {message.hint}" for message in check_settings()]
        if wrong:
            raise CommandError("Correct the settings first.\n" + "\n".join(wrong), returncode=EXIT_ERROR)
        try:
            self._say(list(adoption.iter_report()))
        except Exception as exc:  # whatever a module of the project raises, which never is a fault of the command
            raise CommandError(f"The project cannot be read: {exc!r}", returncode=EXIT_ERROR) from exc

    def _list(self, *, lang: str | None, **options: Any) -> None:
        found = PublicCatalog(catalog.current(), _language(lang), unlisted=True).entries()
        self._say(catalog_output.table(catalog.current(), found))

    def _explain(self, *, code: str, format: str | None, lang: str | None, **options: Any) -> None:
        language, name, live = _language(lang), _format_name(format), catalog.current()
        entry = live.entry(_find_code(code, live), language, negotiation.docs_base(None))
        request = static_bodies.build_request(name, language)
        with translation.override(language):
            self._say(catalog_output.explanation(live, entry, examples.build_example(entry, name, request, language)))

    def _export(self, *, format: str, output: Path | None, lang: str | None, unlisted: bool, **options: Any) -> None:
        is_json, language, live = format == "json", _language(lang), catalog.current()
        found = PublicCatalog(live, language, negotiation.docs_base(None), unlisted=is_json or unlisted).entries()
        write = {"json": exports.to_json, "csv": exports.to_csv, "md": exports.to_markdown}[format]
        with translation.override(language):
            text = write(exports.build_document(live, found, with_edits=is_json))
        if output is None:
            self.stdout.write(text, ending="")
        else:
            _write_file(output, text.encode())

    def _import(self, *, file: Path, dry_run: bool, **options: Any) -> None:
        try:
            report = importing.import_rows(documents.parse_document(_read_file(file)), dry_run=dry_run)
        except documents.ImportRefused as exc:
            reasons = "\n".join(f"{file}: {reason}" for reason in exc.reasons)
            raise CommandError(f"Nothing was imported.\n{reasons}", returncode=EXIT_ERROR) from None
        would = "would be " if dry_run else ""
        self._say(f"{would}created: {code}" for code in report.created)
        self._say(f"{would}changed: {code} ({', '.join(names)})" for code, names in report.changed.items())
        counts = f"{len(report.created)} created, {len(report.changed)} changed, {report.unchanged} unchanged"
        self._say([f"{counts}; nothing was written." if dry_run else f"{counts}."])

    def _sync(self, *, check: bool, prune: bool, **options: Any) -> None:
        if check:
            report = sync.compare_rows()
            differences = [*report.fixable(), *report.undecided()]
            if differences:
                lines = "\n".join(differences)
                raise CommandError(f"{len(differences)} out of step:\n{lines}", returncode=_OUT_OF_STEP)
            self._say(["Everything is in step."])
            return
        report = sync.sync_rows(prune=prune)
        self._say(f"set right: {line}" for line in report.fixable())
        self._say(f"removed: {code}" for code in report.gone if prune)
        self._say(f"left: {line}" for line in report.undecided(pruned=prune))
        self._say(["Every process reloads the catalog."])

    def _static(self, *, folder: Path, format: str | None, lang: str | None, force: bool, **options: Any) -> None:
        try:
            files = list(static_bodies.build_files(folder.absolute(), _format_name(format), _language(lang)))
        except ValueError as exc:
            raise CommandError(f"{exc}.", returncode=EXIT_ERROR) from None
        differing = [str(path) for path, content in files if path.exists() and _read_file(path) != content]
        if differing and not force:
            names = ", ".join(differing)
            raise CommandError(f"{names}: there already, with other content. Use --force.", returncode=EXIT_ERROR)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise CommandError(f"{folder}: cannot be made: {exc.strerror}", returncode=EXIT_ERROR) from None
        for path, content in files:
            _write_file(path, content)
        self._say(f"wrote {path}" for path, _content in files)

    def _say(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.stdout.write(line)


def _load_catalog() -> Catalog:
    using = router.db_for_write(ErrorCode)
    try:
        tables = set(connections[using].introspection.table_names())
        if not tables.issuperset(model._meta.db_table for model in (ErrorCode, ErrorCodeTranslation, Revision)):
            message = f"The tables of the catalog are not in the database {using!r}. Run `manage.py migrate`."
            raise CommandError(message, returncode=EXIT_ERROR)
        return snapshot.load()
    except (DatabaseError, ImproperlyConfigured) as exc:
        raise CommandError(f"The database {using!r} cannot be read: {exc}", returncode=EXIT_ERROR) from exc


def _find_code(name: str, live: Catalog) -> str:
    """Return the code with a name, in any case, or the code for which a format writes it."""
    code = live.find(name)
    if code:
        return code
    aliased = format_aliases.get_codes_by_alias(name)
    if len(aliased) == 1:
        return aliased[0]
    close = aliased or _close_codes(name, live)
    hint = f" Did you mean {', '.join(close)}?" if close else " `apierrors list` shows all."
    raise CommandError(f"There is no code {name!r}.{hint}", returncode=_NOT_FOUND)


def _close_codes(name: str, live: Catalog) -> list[str]:
    by_name = {code.upper(): code for code in live}
    return [by_name[found] for found in difflib.get_close_matches(name.upper(), by_name)]


def _format_name(name: str | None) -> str:
    try:
        formats.get(name or conf.FORMAT)
    except (ImportError, TypeError):
        known = ", ".join(formats.BUILTIN)
        message = f"There is no format {name or conf.FORMAT!r}: use {known}, or the dotted path of a class."
        raise CommandError(message, returncode=EXIT_ERROR) from None
    return name or conf.FORMAT


def _language(name: str | None) -> str:
    """Return the language of the response to a client that asks for one, or for none."""
    try:
        return translation.get_supported_language_variant((name or settings.LANGUAGE_CODE).lower())
    except LookupError:
        if name is None:
            return settings.LANGUAGE_CODE
        raise CommandError(f"{name!r} is not one of the LANGUAGES of this project.", returncode=EXIT_ERROR) from None


def _read_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise CommandError(f"{path}: cannot be read: {exc.strerror}", returncode=EXIT_ERROR) from None


def _write_file(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as exc:
        raise CommandError(f"{path}: cannot be written: {exc.strerror}", returncode=EXIT_ERROR) from None
