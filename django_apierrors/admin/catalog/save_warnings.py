"""What an editor is told after saving: nothing is refused, but clients or readers may be surprised."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _

from ... import catalog
from ...models import ErrorCode
from .row_state import CONTRACT, entry_of


def advise(request: HttpRequest, before: ErrorCode | None, obj: ErrorCode) -> None:
    """Warn of a changed contract, and of other codes with the same title."""
    _advise_on_contract(request, before, obj)
    _advise_on_title(request, obj)


def _advise_on_contract(request: HttpRequest, before: ErrorCode | None, obj: ErrorCode) -> None:
    old, new = entry_of(before) if before else None, entry_of(obj)
    if old is None or new is None:
        return
    for name in CONTRACT:
        was, is_ = getattr(old, name), getattr(new, name)
        if was != is_:
            said = {"code": obj.code, "field": obj._meta.get_field(name).verbose_name, "old": was, "new": is_}  # type: ignore[union-attr]
            text = _(
                "%(code)s: %(field)s changed from %(old)s to %(new)s. This is part of the contract with your "
                "clients; tell them."
            )
            messages.warning(request, text % said)


def _advise_on_title(request: HttpRequest, obj: ErrorCode) -> None:
    language, current = settings.LANGUAGE_CODE, catalog.current()
    entry = entry_of(obj, language)
    title = entry.title.casefold() if entry else ""
    same = [code for code in current if code != obj.code and current.entry(code, language).title.casefold() == title]
    if same:
        text = _("%(code)s has the same title as %(others)s; readers tell codes apart by their titles.")
        messages.warning(request, text % {"code": obj.code, "others": ", ".join(same)})
