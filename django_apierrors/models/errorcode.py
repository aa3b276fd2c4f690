"""The models of error codes and their translations; a row stores only differences from the shipped code."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Upper
from django.utils.translation import gettext_lazy as _

from .. import codes
from ..text import placeholders
from .fields import url_error
from .revision import Revision, RevisionedModel, RevisionedQuerySet


class Texts(RevisionedModel):
    """The five texts; a blank one means the shipped text in the language of the request."""

    title = models.CharField(_("title"), max_length=200, blank=True)
    message = models.TextField(_("message"), blank=True)
    description = models.TextField(_("description"), blank=True)
    causes = models.TextField(_("causes"), blank=True, help_text=_("One cause a line."))
    remedy = models.TextField(_("remedy"), blank=True, help_text=_("One step a line."))

    part = Revision.CATALOG

    class Meta:
        """An abstract model."""

        abstract = True

    def _text_errors(self, code: str) -> dict[str, Any]:
        """Return an error for each text that is too long or has a placeholder unknown to its code."""
        definition = codes.get(code)
        errors: dict[str, Any] = {}
        for name in codes.TEXTS:
            # A title names the code itself, so it takes no values.
            allowed = sorted(definition.params) if definition and name != "title" else []
            unknown = sorted(placeholders(getattr(self, name)).difference(allowed))
            if unknown:
                known = _("Allowed here: %s.") % _braced(allowed) if allowed else _("This text takes none.")
                errors[name] = _("Unknown placeholder: %(unknown)s. %(known)s") % {
                    "unknown": _braced(unknown),
                    "known": known,
                }
        if len(self.message) > codes.LONGEST_MESSAGE:
            errors["message"] = _("A message has at most %d characters.") % codes.LONGEST_MESSAGE
        return errors


def _braced(names: Iterable[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)


_RevisionedManager = models.Manager.from_queryset(RevisionedQuerySet)


class ErrorCodeManager(_RevisionedManager["ErrorCode"]):
    """Rows by their code."""

    def get_by_natural_key(self, code: str) -> ErrorCode:
        """Return the row of a code."""
        return self.get(code=code)


class ErrorCode(Texts):
    """The differences of a code from its definition in Python, or a code that only the database defines."""

    code = models.CharField(
        _("code"),
        max_length=codes.MAX_LENGTH,
        unique=True,
        validators=[
            RegexValidator(
                rf"\A{codes.PATTERN.pattern}\Z",
                _(
                    "Use letters of one case, digits and underscores, beginning with a letter, as in "
                    "INSUFFICIENT_BALANCE."
                ),
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
        """Names, order and constraints."""

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
            # An index on the code in capitals is more than MariaDB has: clean() and the loader see to the rest.
            models.CheckConstraint(
                condition=Q(code=Upper("code")) | Q(code=Lower("code")), name="apierrors_code_in_one_case"
            ),
        ]

    def __str__(self) -> str:
        return self.code

    def natural_key(self) -> tuple[str]:
        """Return the code."""
        return (self.code,)

    def clean(self) -> None:
        """Refuse unknown placeholders, a change between 4xx and 5xx, a URL of no use, and cyclic replacements."""
        errors = self._text_errors(self.code)
        definition = codes.get(self.code)
        if other := self._code_in_other_case():
            errors["code"] = _("It differs from %s in case alone.") % other
        if definition is not None and self.status and self.status // 100 != definition.status // 100:
            errors["status"] = _("%(code)s is defined as %(status)d; a row may change it only within %(class)dxx.") % {
                "code": self.code,
                "status": definition.status,
                "class": definition.status // 100,
            }
        if error := url_error(self.doc_url):
            errors["doc_url"] = error
        if self._has_cyclic_replacement():
            errors["replaced_by"] = _("The replacements lead in a circle.")
        if errors:
            raise ValidationError(errors)

    def _code_in_other_case(self) -> str:
        """Return the code that differs from this one in case alone, of Python or of another row, else ``""``."""
        definition = codes.find(self.code)
        if definition is not None:
            return definition.code if definition.code != self.code else ""
        others = type(self).objects.using(self._state.db).filter(code__iexact=self.code).exclude(code=self.code)
        return others.values_list("code", flat=True).first() or ""

    def _has_cyclic_replacement(self) -> bool:
        seen, next_ = {self.pk}, self.replaced_by
        while next_ is not None and next_.pk not in seen:
            seen.add(next_.pk)
            next_ = next_.replaced_by
        return next_ is not None

    def approve_default(self) -> None:
        """Store the digest of the shipped texts as reviewed, and whether Python defines the code."""
        definition = codes.get(self.code)
        self.defined = definition is not None
        self.default_digest = codes.digest(definition) if definition else ""

    def is_outdated(self) -> bool:
        """Return whether the shipped texts have changed since the row was edited."""
        definition = codes.get(self.code)
        return definition is not None and self.default_digest not in ("", codes.digest(definition))

    def reset(self) -> None:
        """Remove all differences and translations: the code is as shipped again."""
        for field in self._meta.fields:
            if field.editable and field.name not in ("id", "code"):
                setattr(self, field.name, field.get_default())
        self.default_digest = ""
        self.save()
        self.translations.all().delete()


class TranslationManager(_RevisionedManager["ErrorCodeTranslation"]):
    """Translations by code and language."""

    def get_by_natural_key(self, code: str, language: str) -> ErrorCodeTranslation:
        """Return the translation of a code into a language."""
        return self.get(entry__code=code, language=language)


class ErrorCodeTranslation(Texts):
    """The texts of a code in one language; a blank one falls back to the row, then to the shipped text."""

    entry = models.ForeignKey(ErrorCode, models.CASCADE, related_name="translations")
    language = models.CharField(
        _("language"),
        max_length=35,
        validators=[RegexValidator(r"\A[a-z]{2,3}(-[a-z0-9]+)*\Z", _("Write it as Django does: de, de-at, zh-hans."))],
    )

    objects = TranslationManager()

    class Meta:
        """Names, order and constraints: one translation per language of a code."""

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
        errors = self._text_errors(entry.code) if entry else {}
        if errors:
            raise ValidationError(errors)
