"""What a JSON document becomes in the database: all of it, or nothing and every reason why not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import router, transaction

from ..codes import TEXTS
from ..docs.exports import OVERRIDES
from ..models import ErrorCode, ErrorCodeTranslation, Revision, atomic_revision
from . import rows
from .documents import Refused, Wanted


@dataclass(kw_only=True, slots=True)
class Outcome:
    """What an import did: codes created, codes changed with what changed, and how many stayed."""

    created: list[str] = field(default_factory=list)
    changed: dict[str, list[str]] = field(default_factory=dict)
    unchanged: int = 0


def apply(wanted: Sequence[Wanted], *, dry_run: bool) -> Outcome:
    """Make rows say what a document wants, in one transaction; ``dry_run`` takes it back at the end.

    Rows that the document does not name stay as they are. Raises ``Refused`` with every reason.
    """
    using = router.db_for_write(ErrorCode)
    with atomic_revision(Revision.CATALOG, using):
        outcome = _Import(wanted, using).run()
        if dry_run:
            transaction.set_rollback(True, using=using)
    return outcome


class _Import:
    """One import, inside its transaction."""

    def __init__(self, wanted: Sequence[Wanted], using: str) -> None:
        """Read all rows, once."""
        self._wanted = wanted
        self._using = using
        every = ErrorCode.objects.using(using).select_related("replaced_by").prefetch_related("translations")
        self._rows: dict[str, ErrorCode] = {row.code: row for row in every}
        self._known = {*self._rows, *(one.code for one in wanted)}
        self._reasons: list[str] = []

    def run(self) -> Outcome:
        """Write what differs and return what it was. Raises ``Refused``."""
        outcome = Outcome()
        written = [one for one in self._wanted if self._differs(one, outcome) and self._write(one)]
        # By now every code has its row.
        replaced = [one for one in written if self._replace(one)]
        for one in replaced:
            fresh = ErrorCode.objects.using(self._using).get(code=one.code)
            self._check(one, fresh, "overrides.", exclude=())
        if self._reasons:
            raise Refused(self._reasons)
        return outcome

    def _differs(self, one: Wanted, outcome: Outcome) -> bool:
        row = self._rows.get(one.code)
        if row is None:
            outcome.created.append(one.code)
            return True
        names = list(_changes(rows.state(row), one.state))
        if names:
            outcome.changed[one.code] = names
        else:
            outcome.unchanged += 1
        return bool(names)

    def _write(self, one: Wanted) -> bool:
        """Write a row with its translations, but for its replacement; return whether it is sound."""
        row = self._rows.get(one.code) or ErrorCode(code=one.code)
        before, digest = rows.words(rows.state(row)) if row.pk else {}, row.default_digest
        for name in OVERRIDES:
            if name != "replaced_by":
                setattr(row, name, one.state[name])
        row.replaced_by = None
        row.approve_default()
        after = rows.words(one.state)
        if not after or after == before:  # nothing to compare with what is shipped, or nothing new
            row.default_digest = digest if after else ""
        translations = list(self._translations(one, row))
        checked = [self._check(one, row, "overrides.", exclude=("replaced_by",)), self._is_known(one)]
        for translation in translations:
            where = f"translations.{translation.language}."
            checked.append(self._check(one, translation, where, exclude=("entry",)))
        if not all(checked):
            return False
        row.save(using=self._using)
        row.translations.using(self._using).exclude(language__in=one.languages).delete()
        for translation in translations:
            translation.entry = row
            translation.save(using=self._using)
        self._rows[one.code] = row
        return True

    def _translations(self, one: Wanted, row: ErrorCode) -> Iterator[ErrorCodeTranslation]:
        known = {found.language: found for found in row.translations.all()} if row.pk else {}
        for language in sorted(one.languages):
            translation = known.get(language) or ErrorCodeTranslation(entry=row, language=language)
            for name in TEXTS:
                setattr(translation, name, one.state[f"translations.{language}.{name}"])
            yield translation

    def _replace(self, one: Wanted) -> bool:
        """Write the replacement of a row; return whether there is one."""
        replacement = self._rows.get(one.state["replaced_by"])
        if replacement is None:  # none is wanted, or one that was refused
            return False
        row = self._rows[one.code]
        row.replaced_by = replacement
        row.save(using=self._using)
        return True

    def _is_known(self, one: Wanted) -> bool:
        """Return whether the replacement is none or known; note it when neither file nor database has it."""
        code = one.state["replaced_by"]
        if not code or code in self._known:
            return True
        self._reasons.append(f"{one.place}: overrides.replaced_by: there is no code {code}")
        return False

    def _check(self, one: Wanted, row: ErrorCode | ErrorCodeTranslation, where: str, *, exclude: Sequence[str]) -> bool:
        """Note every reason for which a model refuses a row; return whether there is none."""
        try:
            row.full_clean(exclude=exclude)
        except ValidationError as exc:
            for name, reasons in exc.message_dict.items():
                # A rule about several fields names them in its words.
                spot = {NON_FIELD_ERRORS: "", "code": "code: "}.get(name, f"{where}{name}: ")
                self._reasons.extend(f"{one.place}: {spot}{reason}" for reason in reasons)
            return False
        return True


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Mapping[str, None]:
    """Return the names of what differs; of a translation that comes or goes, only that it does."""
    differing = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    both = before.keys() & after.keys()
    return dict.fromkeys(name if name in both else name.rpartition(".")[0] for name in differing)
