"""What the team edits: differences from the shipped catalog, and the token that announces them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import connections, models, router, transaction
from django.db.models import Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from . import codes
from .templating import placeholders


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


class Texts(Announced):
    """The five texts; blank means as shipped, and translated."""

    title = models.CharField(_("title"), max_length=200, blank=True)
    message = models.TextField(_("message"), blank=True)
    description = models.TextField(_("description"), blank=True)
    causes = models.TextField(_("causes"), blank=True, help_text=_("One cause a line."))
    remedy = models.TextField(_("remedy"), blank=True, help_text=_("One step a line."))

    part = Revision.CATALOG

    class Meta:
        """No table of its own."""

        abstract = True

    def _misplaced(self, code: str) -> dict[str, Any]:
        """Return an error for each text with a placeholder that its code does not have."""
        definition = codes.get(code)
        errors: dict[str, Any] = {}
        for name in codes.TEXTS:
            # A title stands for the code itself, whatever the values.
            allowed = sorted(definition.params) if definition and name != "title" else []
            unknown = sorted(placeholders(getattr(self, name)).difference(allowed))
            if unknown:
                known = _("Allowed here: %s.") % _braced(allowed) if allowed else _("This text takes none.")
                errors[name] = _("Unknown placeholder: %(unknown)s. %(known)s") % {
                    "unknown": _braced(unknown),
                    "known": known,
                }
        return errors


def _braced(names: Iterable[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)


class ErrorCodeManager(models.Manager.from_queryset(AnnouncedQuerySet)):  # type: ignore[misc]
    """Rows by their code."""

    def get_by_natural_key(self, code: str) -> ErrorCode:
        """Return the row of a code."""
        found: ErrorCode = self.get(code=code)
        return found


class ErrorCode(Texts):
    """What the team says differently about a code, or a code that only the database defines."""

    code = models.CharField(
        _("code"),
        max_length=codes.MAX_LENGTH,
        unique=True,
        validators=[
            RegexValidator(
                rf"\A{codes.PATTERN.pattern}\Z",
                _("Use capital letters, digits and underscores, beginning with a letter, as in INSUFFICIENT_BALANCE."),
            )
        ],
    )
    status = models.PositiveSmallIntegerField(
        _("status"), null=True, blank=True, validators=[MinValueValidator(400), MaxValueValidator(599)]
    )
    type = models.CharField(_("type"), max_length=30, blank=True, choices=[(name, name) for name in codes.TYPES])
    retry = models.CharField(_("retry"), max_length=20, blank=True, choices=[(name, name) for name in codes.RETRIES])
    doc_url = models.URLField(_("documentation URL"), blank=True, help_text=_("Blank: the page of this site."))
    listed = models.BooleanField(_("listed"), default=True, help_text=_("Whether the public documentation shows it."))
    deprecated = models.BooleanField(_("deprecated"), default=False)
    replaced_by = models.ForeignKey(
        "self", models.SET_NULL, verbose_name=_("replaced by"), null=True, blank=True, related_name="+"
    )
    defined = models.BooleanField(default=False, editable=False)
    default_digest = models.CharField(max_length=64, blank=True, editable=False)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    objects = ErrorCodeManager()

    class Meta:
        """What the database holds true, whoever writes."""

        verbose_name = _("error code")
        verbose_name_plural = _("error codes")
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__isnull=True) | Q(status__gte=400, status__lte=599),
                name="apierrors_status_is_an_error",
                violation_error_message=_("An error has a status from 400 to 599."),
            ),
            models.CheckConstraint(
                condition=Q(defined=True) | (Q(status__isnull=False) & ~Q(title="") & ~Q(message="")),
                name="apierrors_complete_or_defined",
                violation_error_message=_("A code that no Python code defines needs a status, a title and a message."),
            ),
            # With the unique index: no two codes that differ only in case.
            models.CheckConstraint(condition=Q(code=Upper("code")), name="apierrors_code_in_capitals"),
        ]

    def __str__(self) -> str:
        return self.code

    def natural_key(self) -> tuple[str]:
        """Return the code."""
        return (self.code,)

    def clean(self) -> None:
        """Refuse unknown placeholders, a change of class (4xx, 5xx) of a defined code, and circles."""
        errors = self._misplaced(self.code)
        definition = codes.get(self.code)
        if definition is not None and self.status and self.status // 100 != definition.status // 100:
            errors["status"] = _("%(code)s is defined as %(status)d; a row may change it only within %(class)dxx.") % {
                "code": self.code,
                "status": definition.status,
                "class": definition.status // 100,
            }
        if self._is_replaced_in_a_circle():
            errors["replaced_by"] = _("The replacements lead in a circle.")
        if errors:
            raise ValidationError(errors)

    def _is_replaced_in_a_circle(self) -> bool:
        seen, next_ = {self.pk}, self.replaced_by
        while next_ is not None and next_.pk not in seen:
            seen.add(next_.pk)
            next_ = next_.replaced_by
        return next_ is not None

    def approve_default(self) -> None:
        """Note that what is shipped now is what the team has seen, and whether Python defines the code."""
        definition = codes.get(self.code)
        self.defined = definition is not None
        self.default_digest = codes.digest(definition) if definition else ""

    def is_outdated(self) -> bool:
        """Tell whether the shipped texts have changed since the row was edited."""
        definition = codes.get(self.code)
        return definition is not None and self.default_digest not in ("", codes.digest(definition))

    def reset(self) -> None:
        """Take back every difference and delete the translations: the code is as shipped again."""
        for field in self._meta.fields:
            if field.editable and field.name not in ("id", "code"):
                setattr(self, field.name, field.get_default())
        self.default_digest = ""
        self.save()
        self.translations.all().delete()


class TranslationManager(models.Manager.from_queryset(AnnouncedQuerySet)):  # type: ignore[misc]
    """Translations by code and language."""

    def get_by_natural_key(self, code: str, language: str) -> ErrorCodeTranslation:
        """Return the translation of a code into a language."""
        found: ErrorCodeTranslation = self.get(entry__code=code, language=language)
        return found


class ErrorCodeTranslation(Texts):
    """The texts of a code in one language; blank falls back to the row, then to what is shipped."""

    entry = models.ForeignKey(ErrorCode, models.CASCADE, related_name="translations")
    language = models.CharField(
        _("language"),
        max_length=35,
        validators=[RegexValidator(r"\A[a-z]{2,3}(-[a-z0-9]+)*\Z", _("Write it as Django does: de, de-at, zh-hans."))],
    )

    objects = TranslationManager()

    class Meta:
        """One translation for each language of a code."""

        verbose_name = _("translation")
        verbose_name_plural = _("translations")
        ordering = ["language"]
        constraints = [
            models.UniqueConstraint(fields=["entry", "language"], name="apierrors_one_translation_a_language")
        ]

    def __str__(self) -> str:
        return self.language

    def natural_key(self) -> tuple[str, str]:
        """Return the code and the language."""
        return (self.entry.code, self.language)

    natural_key.dependencies = ["django_apierrors.errorcode"]  # type: ignore[attr-defined]

    def clean(self) -> None:
        """Refuse unknown placeholders."""
        entry = getattr(self, "entry", None)
        errors = self._misplaced(entry.code) if entry else {}
        if errors:
            raise ValidationError(errors)
