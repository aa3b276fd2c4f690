"""Rows and Python, brought into step: what is out of it, and the way back."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db import router

from .. import codes
from ..models import ErrorCode, Revision, atomic_revision
from . import rows


@dataclass(kw_only=True, slots=True)
class Drift:
    """What is out of step, by code.

    ``missing``: codes of Python without a row. ``defined`` and ``undefined``: rows whose flag says the
    opposite. ``gone``: rows that Python no longer defines and that say nothing. ``incomplete``: such
    rows with edits, too few to be a code of their own. ``outdated``: edited rows whose shipped
    texts have changed. ``has_token``: edits can be noticed.
    """

    missing: list[str] = field(default_factory=list)
    defined: list[str] = field(default_factory=list)
    undefined: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    incomplete: list[str] = field(default_factory=list)
    outdated: list[str] = field(default_factory=list)
    has_token: bool = True

    def fixable(self) -> list[str]:
        """Return a line for each thing that ``sync`` sets right."""
        return [
            *([] if self.has_token else ["the token is missing, by which processes notice edits"]),
            *(f"{code}: it has no row" for code in self.missing),
            *(f"{code}: Python defines it, its row says otherwise" for code in self.defined),
            *(f"{code}: Python does not define it, its row says otherwise" for code in self.undefined),
        ]

    def left(self, *, pruned: bool = False) -> list[str]:
        """Return a line for each thing that needs a decision."""
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


def look() -> Drift:
    """Return what is out of step, and change nothing."""
    using = router.db_for_write(ErrorCode)
    drift = Drift(has_token=_has_token(using))
    every = list(ErrorCode.objects.using(using).select_related("replaced_by").prefetch_related("translations"))
    replacements = {row.replaced_by_id for row in every}
    for row in every:
        _place(drift, row, is_needed=row.pk in replacements)
    known = {row.code for row in every}
    drift.missing.extend(d.code for d in codes.definitions() if d.code not in known)
    return drift


def sync(*, prune: bool) -> Drift:
    """Bring rows into step, replace the token so that every process reloads, and return what was not."""
    using = router.db_for_write(ErrorCode)
    every = ErrorCode.objects.using(using)
    had_token = _has_token(using)
    with atomic_revision(Revision.CATALOG, using), atomic_revision(Revision.WINDOWS, using):
        drift = look()
        drift.has_token = had_token
        # A `migrate` that runs at the same time inserts them, too.
        every.bulk_create([ErrorCode(code=code, defined=True) for code in drift.missing], ignore_conflicts=True)
        every.filter(code__in=drift.defined).update(defined=True)
        every.filter(code__in=drift.undefined).update(defined=False)
        if prune:
            every.filter(code__in=drift.gone).delete()
    return drift


def _has_token(using: str) -> bool:
    return Revision.objects.using(using).filter(part=Revision.CATALOG).exists()


def _place(drift: Drift, row: ErrorCode, *, is_needed: bool) -> None:
    said = rows.state(row)
    if codes.get(row.code) is not None:
        if not row.defined:
            drift.defined.append(row.code)
        if rows.words(said) and row.is_outdated():
            drift.outdated.append(row.code)
    elif row.status is not None and row.title and row.message:
        if row.defined:
            drift.undefined.append(row.code)
    elif rows.is_blank(said) and not is_needed:
        drift.gone.append(row.code)
    else:
        drift.incomplete.append(row.code)
