"""The revision of the rows that the snapshot holds: a random token that every edit replaces."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar
from weakref import WeakSet

from django.db import connections, models, router, transaction


class Edit:
    """The ``on_commit`` callback of one edit: pending while the transaction is open.

    A rollback, also one to a savepoint, removes it from the connection.
    """

    #: The pending edits of all connections of this process.
    pending: ClassVar[WeakSet[Edit]] = WeakSet()
    #: The last edit that this process has committed.
    last_committed: ClassVar[Edit | None] = None

    def __init__(self, part: str, using: str) -> None:
        """Register an edit of a part in a database."""
        self.part, self.using = part, using
        #: What the snapshot has loaded since the edit, in its transaction; a rollback drops both.
        self.loaded: Any = None
        Edit.pending.add(self)

    def __call__(self) -> None:
        """Record the commit."""
        # Django's captureOnCommitCallbacks() runs it in a transaction that it will roll back.
        if not connections[self.using].in_atomic_block:
            Edit.pending.discard(self)
            self.loaded, Edit.last_committed = None, self

    @staticmethod
    def of_transaction(using: str) -> Iterator[Edit]:
        """Iterate over the edits of the open transaction of a connection, the newest first."""
        callbacks = (entry[1] for entry in reversed(connections[using].run_on_commit))
        return (callback for callback in callbacks if isinstance(callback, Edit))


class Revision(models.Model):
    """One row for each part of the snapshot, with a random token that every edit replaces.

    Tokens are compared by ``!=``: a counter would repeat after a rollback or a restore.
    """

    CATALOG = "catalog"
    WINDOWS = "windows"

    part = models.CharField(max_length=20, primary_key=True)
    token = models.CharField(max_length=32)

    def __str__(self) -> str:
        return self.part


def bump_revision(part: str, using: str) -> None:
    """Replace the token of a part; must be the first write in the transaction of an edit.

    The lock of its row serialises concurrent savers: bumping last would deadlock two of them.
    """
    if not any(edit.part == part for edit in Edit.of_transaction(using)):
        row = Revision._base_manager.using(using).filter(part=part)
        token = uuid.uuid4().hex
        if not row.update(token=token):
            # A concurrent saver may insert the row first; its token must not stay.
            row.bulk_create([Revision(part=part, token=token)], ignore_conflicts=True)
            row.update(token=token)
    transaction.on_commit(Edit(part, using), using=using)


@contextmanager
def atomic_revision(part: str, using: str) -> Iterator[None]:
    """Run the block in one transaction that begins with a new token of a part."""
    with transaction.atomic(using=using):
        bump_revision(part, using)
        yield


class RevisionedQuerySet(models.QuerySet[Any]):
    """A queryset whose bulk operations, which send no signals, bump the revision too."""

    def _atomic_revision(self) -> Any:
        using = self._db or router.db_for_write(self.model, **self._hints)  # type: ignore[attr-defined]
        return atomic_revision(self.model.part, using)

    def update(self, **kwargs: Any) -> int:
        """Update rows and replace the token."""
        with self._atomic_revision():
            return super().update(**kwargs)

    update.alters_data = True  # type: ignore[attr-defined]

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete rows and replace the token."""
        with self._atomic_revision():
            return super().delete()

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        """Insert rows and replace the token."""
        with self._atomic_revision():
            return super().bulk_create(objs, *args, **kwargs)

    def update_or_create(self, *args: Any, **kwargs: Any) -> tuple[Any, bool]:
        """Lock the token before the row, in the order of all other writes."""
        with self._atomic_revision():
            return super().update_or_create(*args, **kwargs)


class RevisionedModel(models.Model):
    """A model whose rows belong to a part of the snapshot.

    Receivers of ``pre_save`` and ``pre_delete`` cover ``loaddata``.
    """

    part: ClassVar[str]

    class Meta:
        """An abstract model."""

        abstract = True

    def save(self, *args: Any, using: str | None = None, **kwargs: Any) -> None:
        """Write the row and the token in one transaction."""
        using = using or router.db_for_write(type(self), instance=self)
        with atomic_revision(self.part, using):
            super().save(*args, using=using, **kwargs)
