"""The import of a JSON document into the database: all of it, or nothing and every reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import router, transaction

from ..codes import TEXTS
from ..models import ErrorCode, ErrorCodeTranslation, Revision, atomic_revision
from ..rows import ROW_FIELDS, changed_values, has_overrides, to_row, without_marks
from .documents import DocumentRow, ImportRefused


@dataclass(kw_only=True, slots=True)
class ImportReport:
    """The result of an import: codes created, codes changed with the names of the values, number unchanged."""

    created: list[str] = field(default_factory=list)
    changed: dict[str, list[str]] = field(default_factory=dict)
    unchanged: int = 0


def import_rows(items: Sequence[DocumentRow], *, dry_run: bool) -> ImportReport:
    """Write the rows of a document in one transaction; ``dry_run`` rolls it back at the end.

    Rows that the document does not name stay as they are. Raises ``ImportRefused`` with every reason.
    """
    using = router.db_for_write(ErrorCode)
    with atomic_revision(Revision.CATALOG, using):
        report = _Import(items, using).run()
        if dry_run:
            transaction.set_rollback(True, using=using)
    return report


class _Import:
    """One import, inside its transaction."""

    def __init__(self, items: Sequence[DocumentRow], using: str) -> None:
        """Read all rows, once."""
        self._items = items
        self._using = using
        every = ErrorCode.objects.using(using).select_related("replaced_by").prefetch_related("translations")
        self._objects: dict[str, ErrorCode] = {obj.code: obj for obj in every}
        self._known = {*self._objects, *(item.row.code for item in items)}
        self._reasons: list[str] = []

    def run(self) -> ImportReport:
        """Write the rows that differ and return the report. Raises ``ImportRefused``."""
        report = ImportReport()
        saved = [item for item in self._items if self._is_different(item, report) and self._save(item)]
        # By now every code has its row.
        replaced = [item for item in saved if self._save_replacement(item)]
        for item in replaced:
            obj = ErrorCode.objects.using(self._using).get(code=item.row.code)
            self._validate(item, obj, "overrides.", exclude=())
        if self._reasons:
            raise ImportRefused(self._reasons)
        return report

    def _is_different(self, item: DocumentRow, report: ImportReport) -> bool:
        """Return whether the database has to change, and add the code to the report."""
        obj = self._objects.get(item.row.code)
        if obj is None:
            report.created.append(item.row.code)
            return True
        names = changed_values(to_row(obj), item.row)
        if names:
            report.changed[item.row.code] = names
        else:
            report.unchanged += 1
        return bool(names)

    def _save(self, item: DocumentRow) -> bool:
        """Write a row with its translations, but without its replacement; return whether it is valid."""
        row = item.row
        obj = self._objects.get(row.code) or ErrorCode(code=row.code)
        before, digest = without_marks(to_row(obj)), obj.default_digest
        for name in ROW_FIELDS:
            setattr(obj, name, getattr(row, name) if name != "replaced_by" else None)
        for name in TEXTS:
            setattr(obj, name, row.texts.get(name, ""))
        obj.approve_default()
        if not has_overrides(row):  # nothing to compare with the shipped texts
            obj.default_digest = ""
        elif without_marks(row) == before:
            obj.default_digest = digest
        translations = list(self._translations(item, obj))
        checks = [self._validate(item, obj, "overrides.", exclude=("replaced_by",)), self._has_known_replacement(item)]
        for translation in translations:
            where = f"translations.{translation.language}."
            checks.append(self._validate(item, translation, where, exclude=("entry",)))
        if not all(checks):
            return False
        obj.save(using=self._using)
        obj.translations.using(self._using).exclude(language__in=row.translations).delete()
        for translation in translations:
            translation.entry = obj
            translation.save(using=self._using)
        self._objects[row.code] = obj
        return True

    def _translations(self, item: DocumentRow, obj: ErrorCode) -> Iterator[ErrorCodeTranslation]:
        known = {translation.language: translation for translation in obj.translations.all()} if obj.pk else {}
        for language, texts in sorted(item.row.translations.items()):
            translation = known.get(language) or ErrorCodeTranslation(entry=obj, language=language)
            for name in TEXTS:
                setattr(translation, name, texts.get(name, ""))
            yield translation

    def _save_replacement(self, item: DocumentRow) -> bool:
        """Write the replacement of a row; return whether it has one."""
        replacement = self._objects.get(item.row.replaced_by)
        if replacement is None:  # none, or one that was refused
            return False
        obj = self._objects[item.row.code]
        obj.replaced_by = replacement
        obj.save(using=self._using)
        return True

    def _has_known_replacement(self, item: DocumentRow) -> bool:
        """Return whether the replacement is blank, in the document or in the database, else add a reason."""
        code = item.row.replaced_by
        if not code or code in self._known:
            return True
        self._reasons.append(f"{item.place}: overrides.replaced_by: there is no code {code}")
        return False

    def _validate(
        self, item: DocumentRow, obj: ErrorCode | ErrorCodeTranslation, where: str, *, exclude: Sequence[str]
    ) -> bool:
        """Return whether a model accepts its values, else add its reasons."""
        try:
            obj.full_clean(exclude=exclude)
        except ValidationError as exc:
            for name, reasons in exc.message_dict.items():
                # The message of a rule about several fields names them.
                spot = {NON_FIELD_ERRORS: "", "code": "code: "}.get(name, f"{where}{name}: ")
                self._reasons.extend(f"{item.place}: {spot}{reason}" for reason in reasons)
            return False
        return True
