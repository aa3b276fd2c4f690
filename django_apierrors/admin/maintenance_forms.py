"""The forms of maintenance: the switch, and the schedule."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ..codes import LONGEST_MESSAGE
from ..datetimes import add_duration, validate_datetime
from ..middleware import MISSING, is_installed
from ..models import MaintenanceWindow
from ..models.fields import LinesField, MultilineField

#: What the end of a window may be in the form of the switch, beside a number of minutes.
CUSTOM, NO_END = "custom", "none"

_MINUTES = (15, 30, 60)
_DEFAULT = "60"


class TimeInput(forms.TimeInput):
    """A clock; seconds are there where they count."""

    def format_value(self, value: Any) -> str | None:
        """Return the time as browsers write it."""
        if isinstance(value, time):
            return value.isoformat("seconds" if value.second else "minutes")
        return super().format_value(value)


class DateTimeWidget(forms.SplitDateTimeWidget):
    """A day and a clock, of the browser's own: they need no script."""

    def __init__(self) -> None:
        """Name each of the two."""
        day = forms.DateInput({"type": "date", "aria-label": gettext_lazy("Date")}, format="%Y-%m-%d")
        clock = TimeInput({"type": "time", "aria-label": gettext_lazy("Time")})
        forms.MultiWidget.__init__(self, (day, clock))


#: How the fields of the model are edited; Django 6 assumes https, 5.2 warns unless it is told to. What a
#: default makes anew each time Django sends along to compare with, and needs not: rows are compared as a whole.
FIELDS: dict[Any, dict[str, Any]] = {
    models.DateTimeField: {
        "form_class": forms.SplitDateTimeField,
        "widget": DateTimeWidget(),
        "show_hidden_initial": False,
    },
    models.TextField: {"form_class": MultilineField, "widget": forms.Textarea({"rows": 2})},
    models.URLField: {"assume_scheme": "https", "widget": forms.URLInput({"placeholder": "https://"})},
    LinesField: {"widget": forms.Textarea({"rows": 2, "spellcheck": "false"}), "show_hidden_initial": False},
}


def formfield(db_field: Any, **kwargs: Any) -> Any:
    """Return the form field of a model field."""
    return db_field.formfield(**{**FIELDS.get(type(db_field), {}), **kwargs})


class _WindowForm(forms.ModelForm):  # type: ignore[type-arg]
    """What both forms have: they name the time zone, and refuse times that no clock shows."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zone = timezone.get_current_timezone_name()
        for name in ("starts_at", "ends_at"):
            if name in self.fields:
                self.fields[name].help_text = _("In the time zone %s.") % zone
        if "message" in self.fields:
            message: Any = self.fields["message"]
            message.validators.append(MaxLengthValidator(LONGEST_MESSAGE))
            message.widget.attrs["maxlength"] = LONGEST_MESSAGE

    def clean(self) -> dict[str, Any]:
        """Refuse times that make no sense, and everything while nothing would be refused."""
        cleaned = super().clean() or self.cleaned_data
        for name in ("starts_at", "ends_at"):
            try:
                if cleaned.get(name):
                    validate_datetime(cleaned[name])
            except ValidationError as exc:
                self.add_error(name, exc)
        if not is_installed():
            raise ValidationError(" ".join(MISSING))
        return cleaned


def _ends() -> list[tuple[str, str]]:
    minutes = [(str(count), ngettext("%d minute", "%d minutes", count) % count) for count in _MINUTES]
    return [*minutes, (CUSTOM, _("Until a time")), (NO_END, _("No end: until somebody turns it off"))]


class SwitchForm(_WindowForm):
    """What is asked before maintenance is turned on now."""

    ends = forms.ChoiceField(
        label=gettext_lazy("For how long"), choices=_ends, initial=_DEFAULT, widget=forms.RadioSelect
    )
    ends_at = forms.DateTimeField(
        label=gettext_lazy("Until"),
        required=False,
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )

    class Meta:
        """The fields of the window, and how they are edited."""

        model = MaintenanceWindow
        fields = ["ends_at", "mode", "path_prefixes", "message", "reason", "methods", "exempt_networks", "status_url"]
        formfield_callback = formfield
        widgets = {"mode": forms.RadioSelect}

    field_order = ["ends"]

    def clean(self) -> dict[str, Any]:
        """Make an end of what was chosen."""
        cleaned = super().clean()
        chosen, given = cleaned.get("ends"), cleaned.get("ends_at")
        if chosen == CUSTOM and "ends_at" in cleaned:
            self._check_end(given)
        elif chosen != CUSTOM and given:
            self.add_error("ends_at", _("Choose “Until a time” for this time to count, or clear it."))
        elif chosen and chosen not in (CUSTOM, NO_END):
            cleaned["ends_at"] = add_duration(self.instance.starts_at, timedelta(minutes=int(chosen)))
        return cleaned

    def _check_end(self, given: datetime | None) -> None:
        if given is None:
            self.add_error("ends_at", _("Give the time at which it ends, or choose another end."))
        elif given <= timezone.now():
            self.add_error("ends_at", _("The end is in the past."))


class ScheduleForm(_WindowForm):
    """A window that is yet to begin; to have no end takes a tick."""

    no_end = forms.BooleanField(
        label=gettext_lazy("No end"), required=False, help_text=gettext_lazy("Until somebody turns it off.")
    )
    #: What another operator did in the meantime.
    overtaken = ""

    class Meta:
        """The fields of the window."""

        model = MaintenanceWindow
        formfield_callback = formfield
        fields = [
            "starts_at", "ends_at", "mode", "path_prefixes", "methods", "exempt_networks", "message", "status_url",
            "reason",
        ]  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Tick "no end" where a window has none."""
        super().__init__(*args, **kwargs)
        if self.instance.pk and "no_end" in self.fields:
            self.initial["no_end"] = self.instance.ends_at is None

    def clean(self) -> dict[str, Any]:
        """Refuse a start in the past, an end that was forgotten, and a state that nobody has seen."""
        cleaned = super().clean()
        start, end = cleaned.get("starts_at"), cleaned.get("ends_at")
        if start and start <= timezone.now():
            self.add_error("starts_at", _("The start is in the past. To begin now, use the switch."))
        if end and cleaned.get("no_end"):
            self.add_error("ends_at", _("There is an end here, and “no end” is ticked: keep one of them."))
        elif not end and "ends_at" in cleaned and not cleaned.get("no_end"):
            self.add_error("ends_at", _("Give an end, or tick “no end”."))
        if self.overtaken:
            raise ValidationError(self.overtaken)
        return cleaned
