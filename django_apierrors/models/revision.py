"""How an edit is announced: a token for every process, and a mark for this one."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from django.db import connections, models, router, transaction


class Edit:
    """A callback of one transaction: pending, it tells of an edit; run, of a committed one.

    A rollback, also one to a savepoint, takes it off the connection and so takes it back.
    """

    #: The edits pending on all connections of this process. A set, because threads can add
    #: to it and take from it without a lock, where counting up and down would go wrong.
    alive: ClassVar[set[int]] = set()
    #: Another object whenever this process has committed an edit.
    last_committed: ClassVar[object] = None

    def __init__(self, part: str, using: str) -> None:
        """Tell of an edit of a part in a database."""
        self.part, self.using = part, using
        #: Stands for the edit in the memory of those who must not keep it alive.
        self.mark = object()
        Edit.alive.add(id(self))

    def __del__(self) -> None:
        """Be forgotten, with the transaction or after it."""
        self.alive.discard(id(self))

    def __call__(self) -> None:
        """Run when the transaction commits."""
        # Django's captureOnCommitCallbacks() runs it in a transaction that it will roll back.
        if not connections[self.using].in_atomic_block:
            Edit.last_committed = object()

    @staticmethod
    def pending(using: str) -> Iterator[Edit]:
        """Iterate over the edits of the transaction that is open on a connection, the newest first."""
        callbacks = (entry[1] for entry in reversed(connections[using].run_on_commit))
        return (callback for callback in callbacks if isinstance(callback, Edit))


class Revision(models.Model):
    """One row for each part of the snapshot, with a random token that every edit replaces.

    The token is compared by ``!=``: a counter would repeat after a rollback or a restore.
    """

    CATALOG = "catalog"
    WINDOWS = "windows"

    part = models.CharField(max_length=20, primary_key=True)
    token = models.CharField(max_length=32)

    def __str__(self) -> str:
        return self.part

    @classmethod
    def bump(cls, part: str, using: str) -> None:
        """Replace the token of a part; call it first in the transaction that edits the part.

        First, because its row then serialises the savers: two that bumped last would deadlock.
        """
        if not any(edit.part == part for edit in Edit.pending(using)):
            row = cls._base_manager.using(using).filter(part=part)
            token = uuid.uuid4().hex
            if not row.update(token=token):
                # Another saver may insert it first; then it is his token that must not stay.
                row.bulk_create([cls(part=part, token=token)], ignore_conflicts=True)
                row.update(token=token)
        transaction.on_commit(Edit(part, using), using=using)


@contextmanager
def announced(part: str, using: str) -> Iterator[None]:
    """Make what is written inside one transaction that begins with a new token."""
    with transaction.atomic(using=using):
        Revision.bump(part, using)
        yield


class AnnouncedQuerySet(models.QuerySet[Any]):
    """A queryset whose bulk operations, which send no signals, announce their edit too."""

    def _announced(self) -> Any:
        using = self._db or router.db_for_write(self.model, **self._hints)  # type: ignore[attr-defined]
        return announced(self.model.part, using)

    def update(self, **kwargs: Any) -> int:
        """Update rows and replace the token."""
        with self._announced():
            return super().update(**kwargs)

    update.alters_data = True  # type: ignore[attr-defined]

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete rows and replace the token."""
        with self._announced():
            return super().delete()

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        """Insert rows and replace the token."""
        with self._announced():
            return super().bulk_create(objs, *args, **kwargs)

    def update_or_create(self, *args: Any, **kwargs: Any) -> tuple[Any, bool]:
        """Lock the token before the row, as every other saver does."""
        with self._announced():
            return super().update_or_create(*args, **kwargs)


class Announced(models.Model):
    """A row of a part of the snapshot; receivers of ``pre_save`` and ``pre_delete`` cover ``loaddata``."""

    part: ClassVar[str]

    class Meta:
        """No table of its own."""

        abstract = True

    def save(self, *args: Any, using: str | None = None, **kwargs: Any) -> None:
        """Write the row and the token in one transaction."""
        using = using or router.db_for_write(type(self), instance=self)
        with announced(self.part, using):
            super().save(*args, using=using, **kwargs)
