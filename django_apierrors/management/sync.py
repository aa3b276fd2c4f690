"""The comparison of rows with the codes that Python defines, and their synchronisation."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db import router

from .. import codes
from ..catalog import Row
from ..models import ErrorCode, Revision, atomic_revision
from ..rows import has_overrides, to_row


@dataclass(kw_only=True, slots=True)
class SyncReport:
    """The differences between rows and Python, by code.

    ``missing``: codes of Python without a row. ``defined`` and ``undefined``: rows whose flag says the
    opposite. ``gone``: blank rows that Python no longer defines. ``incomplete``: such rows with
    edits, too few to be a code of their own. ``outdated``: edited rows whose shipped texts have
    changed. ``has_token``: processes can notice edits.
    """

    missing: list[str] = field(default_factory=list)
    defined: list[str] = field(default_factory=list)
    undefined: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    incomplete: list[str] = field(default_factory=list)
    outdated: list[str] = field(default_factory=list)
    has_token: bool = True

    def fixable(self) -> list[str]:
        """Return a line for each difference that ``sync`` removes."""
        return [
            *([] if self.has_token else ["the token is missing, by which processes notice edits"]),
            *(f"{code}: it has no row" for code in self.missing),
            *(f"{code}: Python defines it, its row says otherwise" for code in self.defined),
            *(f"{code}: Python does not define it, its row says otherwise" for code in self.undefined),
        ]

    def undecided(self, *, pruned: bool = False) -> list[str]:
        """Return a line for each difference that needs a decision."""
        gone = [] if pruned else self.gone
        return [
            *(f"{code}: Python no longer defines it and its row is blank; --prune removes it" for code in gone),
            *(
                f"{code}: Python no longer defines it and its row lacks a status, title or message; complete or "
                "delete it in the admin"
                for code in self.incomplete
            ),
            *(
                f"{code}: its shipped texts have changed since it was edited; compare them in the admin"
                for code in self.outdated
            ),
        ]


def compare_rows() -> SyncReport:
    """Return the differences, and change nothing."""
    using = router.db_for_write(ErrorCode)
    report = SyncReport(has_token=_has_revision(using))
    every = list(ErrorCode.objects.using(using).select_related("replaced_by").prefetch_related("translations"))
    replacements = {obj.replaced_by_id for obj in every}
    for obj in every:
        _add_to_report(report, obj, is_replacement=obj.pk in replacements)
    known = {obj.code for obj in every}
    report.missing.extend(d.code for d in codes.definitions() if d.code not in known)
    return report


def sync_rows(*, prune: bool) -> SyncReport:
    """Synchronise rows with Python, replace the tokens so that every process reloads, and return the differences."""
    using = router.db_for_write(ErrorCode)
    every = ErrorCode.objects.using(using)
    had_token = _has_revision(using)
    with atomic_revision(Revision.CATALOG, using), atomic_revision(Revision.WINDOWS, using):
        report = compare_rows()
        report.has_token = had_token
        # A `migrate` that runs at the same time inserts them, too.
        every.bulk_create([ErrorCode(code=code, defined=True) for code in report.missing], ignore_conflicts=True)
        every.filter(code__in=report.defined).update(defined=True)
        every.filter(code__in=report.undefined).update(defined=False)
        if prune:
            every.filter(code__in=report.gone).delete()
    return report


def _has_revision(using: str) -> bool:
    return Revision.objects.using(using).filter(part=Revision.CATALOG).exists()


def _add_to_report(report: SyncReport, obj: ErrorCode, *, is_replacement: bool) -> None:
    row = to_row(obj)
    if codes.get(obj.code) is not None:
        if not obj.defined:
            report.defined.append(obj.code)
        if has_overrides(row) and obj.is_outdated():
            report.outdated.append(obj.code)
    elif row.is_complete:
        if obj.defined:
            report.undefined.append(obj.code)
    elif row == Row(code=row.code) and not is_replacement:
        report.gone.append(obj.code)
    else:
        report.incomplete.append(obj.code)
