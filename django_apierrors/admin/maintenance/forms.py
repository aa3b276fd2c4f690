"""The forms of maintenance: the switch and the schedule."""

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

from ...codes import LONGEST_MESSAGE
from ...datetimes import add_duration, validate_datetime
from ...middleware import MISSING, is_installed
from ...models import MaintenanceWindow
from ...models.fields import LinesField, MultilineField

#: The choices for the end of a window in the form of the switch, beside a number of minutes.
CUSTOM, NO_END = "custom", "none"

_DURATIONS = (15, 30, 60)
_DEFAULT_DURATION = "60"


class TimeInput(forms.TimeInput):
    """A time input that omits zero seconds."""

    def format_value(self, value: Any) -> str | None:
        """Return the time in the format of HTML time inputs."""
        if isinstance(value, time):
            return value.isoformat("seconds" if value.second else "minutes")
        return super().format_value(value)


class DateTimeWidget(forms.SplitDateTimeWidget):
    """A date and a time input of the browser, without scripts."""

    def __init__(self) -> None:
        """Set the two inputs with their labels."""
        date_input = forms.DateInput({"type": "date", "aria-label": gettext_lazy("Date")}, format="%Y-%m-%d")
        time_input = TimeInput({"type": "time", "aria-label": gettext_lazy("Time")})
        forms.MultiWidget.__init__(self, (date_input, time_input))


#: The form fields of the model. Django 6 assumes https for a URL without a scheme; 5.2 warns without this setting.
#: Hidden initial values of callable defaults are not needed: rows are compared as a whole.
WINDOW_FORMFIELD_OVERRIDES: dict[Any, dict[str, Any]] = {
    models.DateTimeField: {
        "form_class": forms.SplitDateTimeField,
        "widget": DateTimeWidget(),
        "show_hidden_initial": False,
    },
    models.TextField: {"form_class": MultilineField, "widget": forms.Textarea({"rows": 2})},
    models.URLField: {"assume_scheme": "https", "widget": forms.URLInput({"placeholder": "https://"})},
    LinesField: {"widget": forms.Textarea({"rows": 2, "spellcheck": "false"}), "show_hidden_initial": False},
}


def get_formfield(db_field: Any, **kwargs: Any) -> Any:
    """Return the form field of a model field."""
    return db_field.formfield(**{**WINDOW_FORMFIELD_OVERRIDES.get(type(db_field), {}), **kwargs})


class _WindowForm(forms.ModelForm):  # type: ignore[type-arg]
    """The common base of both forms: it names the time zone and refuses nonexistent times."""

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
        """Validate the times, and that the middleware is installed."""
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


def _get_end_choices() -> list[tuple[str, str]]:
    durations = [(str(count), ngettext("%d minute", "%d minutes", count) % count) for count in _DURATIONS]
    return [*durations, (CUSTOM, _("Until a time")), (NO_END, _("No end: until somebody turns it off"))]


class SwitchForm(_WindowForm):
    """The form that turns maintenance on now."""

    ends = forms.ChoiceField(
        label=gettext_lazy("For how long"),
        choices=_get_end_choices,
        initial=_DEFAULT_DURATION,
        widget=forms.RadioSelect,
    )
    ends_at = forms.DateTimeField(
        label=gettext_lazy("Until"),
        required=False,
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )

    class Meta:
        """The fields of the window."""

        model = MaintenanceWindow
        fields = ["ends_at", "mode", "path_prefixes", "message", "reason", "methods", "exempt_networks", "status_url"]
        formfield_callback = get_formfield
        widgets = {"mode": forms.RadioSelect}

    field_order = ["ends"]

    def clean(self) -> dict[str, Any]:
        """Set the end of the window from the chosen duration."""
        cleaned = super().clean()
        chosen, ends_at = cleaned.get("ends"), cleaned.get("ends_at")
        if chosen == CUSTOM and "ends_at" in cleaned:
            self._check_end(ends_at)
        elif chosen != CUSTOM and ends_at:
            self.add_error("ends_at", _("Choose “Until a time” for this time to count, or clear it."))
        elif chosen and chosen not in (CUSTOM, NO_END):
            cleaned["ends_at"] = add_duration(self.instance.starts_at, timedelta(minutes=int(chosen)))
        return cleaned

    def _check_end(self, ends_at: datetime | None) -> None:
        if ends_at is None:
            self.add_error("ends_at", _("Give the time at which it ends, or choose another end."))
        elif ends_at <= timezone.now():
            self.add_error("ends_at", _("The end is in the past."))


class ScheduleForm(_WindowForm):
    """The form of a scheduled window; a window without an end needs a ticked ``no_end``."""

    no_end = forms.BooleanField(
        label=gettext_lazy("No end"), required=False, help_text=gettext_lazy("Until somebody turns it off.")
    )
    #: The changes of other operators since the page was rendered.
    stale_message = ""

    class Meta:
        """The fields of the window."""

        model = MaintenanceWindow
        formfield_callback = get_formfield
        fields = [
            "starts_at", "ends_at", "mode", "path_prefixes", "methods", "exempt_networks", "message", "status_url",
            "reason",
        ]  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Set the initial value of ``no_end``."""
        super().__init__(*args, **kwargs)
        if self.instance.pk and "no_end" in self.fields:
            self.initial["no_end"] = self.instance.ends_at is None

    def clean(self) -> dict[str, Any]:
        """Refuse a start in the past, a missing end, and a stale page."""
        cleaned = super().clean()
        start, end = cleaned.get("starts_at"), cleaned.get("ends_at")
        if start and start <= timezone.now():
            self.add_error("starts_at", _("The start is in the past. To begin now, use the switch."))
        if end and cleaned.get("no_end"):
            self.add_error("ends_at", _("There is an end here, and “no end” is ticked: keep one of them."))
        elif not end and "ends_at" in cleaned and not cleaned.get("no_end"):
            self.add_error("ends_at", _("Give an end, or tick “no end”."))
        if self.stale_message:
            raise ValidationError(self.stale_message)
        return cleaned
