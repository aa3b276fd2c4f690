"""Warnings after an error code was saved: nothing is refused, but clients or readers may be surprised."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.admin.utils import label_for_field
from django.http import HttpRequest
from django.utils.translation import gettext as _

from ... import catalog
from ...models import ErrorCode
from .row_state import CONTRACT_FIELDS, get_entry


def add_warnings(request: HttpRequest, before: ErrorCode | None, obj: ErrorCode) -> None:
    """Warn of a changed contract, and of other codes with the same title."""
    _warn_of_changed_contract(request, before, obj)
    _warn_of_same_title(request, obj)


def _warn_of_changed_contract(request: HttpRequest, before: ErrorCode | None, obj: ErrorCode) -> None:
    old_entry, new_entry = get_entry(before) if before else None, get_entry(obj)
    if old_entry is None or new_entry is None:
        return
    for name in CONTRACT_FIELDS:
        old, new = getattr(old_entry, name), getattr(new_entry, name)
        if old != new:
            label = label_for_field(name, ErrorCode, return_attr=False)
            text = _(
                "%(code)s: %(field)s changed from %(old)s to %(new)s. This is part of the contract with your "
                "clients; tell them."
            )
            messages.warning(request, text % {"code": obj.code, "field": label, "old": old, "new": new})


def _warn_of_same_title(request: HttpRequest, obj: ErrorCode) -> None:
    language, current = settings.LANGUAGE_CODE, catalog.current()
    entry = get_entry(obj, language)
    title = entry.title.casefold() if entry else ""
    same = [code for code in current if code != obj.code and current.entry(code, language).title.casefold() == title]
    if same:
        text = _("%(code)s has the same title as %(others)s; readers tell codes apart by their titles.")
        messages.warning(request, text % {"code": obj.code, "others": ", ".join(same)})
