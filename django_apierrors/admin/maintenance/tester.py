"""The request tester and the previews of maintenance, by the code that builds the real responses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import time
from typing import Any
from urllib.parse import unquote, urlsplit

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import get_script_prefix
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ... import headers, responses, windows
from ...client_ip import parse_address
from ...conf import conf
from ...datetimes import format_time
from ...docs.examples import Example, format_response
from ...maintenance import Status
from ...maintenance import responses as answers
from ...maintenance.decision import Decision, evaluate
from ...negotiation import active_language
from ...request_id import request_id
from ...request_state import RequestState
from ...scopes import describe_scope
from ...snapshot import loader
from ...windows import Window, Windows, open_at

#: The choice for a CORS preflight.
PREFLIGHT = "PREFLIGHT"

_TESTER_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY")
_HOST_META = (
    "HTTP_HOST", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PORT", "SERVER_NAME", "SERVER_PORT", "SCRIPT_NAME",
)  # fmt: skip
_EXAMPLE_SECONDS = 60 * 60


@dataclass(frozen=True, kw_only=True, slots=True)
class TestedWindows:
    """The windows of a test, the strictest first, with their description."""

    windows: Sequence[Window]
    description: str


class SampleRequest(HttpRequest):
    """A request to the host of the page without cookies and credentials."""

    def __init__(self, page: HttpRequest, method: str, path: str, **meta: str) -> None:
        """Set the attributes of the request; ``page`` is that of the admin page."""
        super().__init__()
        self.META = {name: page.META[name] for name in _HOST_META if name in page.META} | meta
        self.method, self.path, self.path_info = method, get_script_prefix() + path[1:], path
        self._page_scheme = page.scheme
        self.LANGUAGE_CODE = active_language()
        RequestState.of(self).request_id = request_id(page, RequestState.of(page))
        if hasattr(page, "urlconf"):
            self.urlconf = page.urlconf

    def _get_scheme(self) -> str | None:
        return self._page_scheme


def get_tested_windows(status: Status) -> TestedWindows:
    """Return the open windows, else those at the start of the next scheduled window, else none."""
    known, now = Windows(map(loader.parse_window, (*status.open, *status.upcoming))), time()
    with windows.override_windows(known):
        open_windows = open_at(now)
    if open_windows:
        return TestedWindows(windows=open_windows, description=_("the windows that are open now"))
    upcoming = known.upcoming(now) if status.forced is None else ()
    if not upcoming:
        return TestedWindows(windows=(), description=_("the current state: nothing is on"))
    params = {"starts": format_time(status.upcoming[0].starts_at), "scope": describe_scope(upcoming[0])}
    description = _("the next scheduled window, from %(starts)s for %(scope)s; nothing is on now")
    return TestedWindows(windows=known.open_at(upcoming[0].begins), description=description % params)


def get_preview_window(tested: TestedWindows) -> Window:
    """Return the window of the previews: the strictest one, else an example."""
    now = time()
    return next(iter(tested.windows), Window(begins=now, ends=now + _EXAMPLE_SECONDS))


def get_window_previews(window: Window, page: HttpRequest) -> list[tuple[str, Example]]:
    """Return pairs of label and response of a window, the default format first, then each of ``FORMATS``."""
    names = dict.fromkeys((conf.FORMAT, *filter(None, conf.FORMATS.values())))
    return [_get_window_preview(window, page, name) for name in names]


def _get_window_preview(window: Window, page: HttpRequest, name: str) -> tuple[str, Example]:
    paths = [path for path, format_ in conf.FORMATS.items() if format_ == name]
    request = SampleRequest(page, "POST", next(iter(paths), "/"))
    RequestState.of(request).format_name = name
    uses = ([_("by default")] if name == conf.FORMAT else []) + paths
    return f"{name} ({', '.join(uses)})", format_response(answers.make_response(window, request), name)


def render_maintenance_page(window: Window, page: HttpRequest) -> HttpResponse:
    """Return the maintenance page of the site with the status 200: monitoring must not see an outage."""
    request = SampleRequest(page, "GET", "/")
    problem = answers.make_problem(window, request)
    response = responses.make_page(problem, request, lambda entry: answers.render_page(window, problem, entry))
    response.status_code = 200
    for name in (headers.RETRY_AFTER, headers.X_ERROR_CODE):
        del response[name]
    return response


def _get_method_choices() -> list[tuple[str, str]]:
    return [*((name, name) for name in _TESTER_METHODS), (PREFLIGHT, _("OPTIONS (CORS preflight)"))]


class TesterForm(forms.Form):
    """The form of the request tester."""

    path = forms.CharField(label=gettext_lazy("Path"), initial="/", widget=forms.TextInput({"spellcheck": "false"}))
    method = forms.ChoiceField(label=gettext_lazy("Method"), choices=_get_method_choices)
    address = forms.CharField(
        label=gettext_lazy("Address"),
        required=False,
        help_text=gettext_lazy("Of the client. Blank: one that is exempt nowhere."),
        widget=forms.TextInput({"spellcheck": "false", "placeholder": "192.0.2.7"}),
    )

    def __init__(self, data: Any = None) -> None:
        """Set a prefix for the ids of the fields."""
        super().__init__(data, auto_id="id_tester_%s")

    def clean_path(self) -> str:
        """Return the path as in ``path_info``, also of an absolute URL."""
        value: str = self.cleaned_data["path"]
        parts = urlsplit(value) if value.startswith(("http://", "https://")) else None
        path = unquote((parts.path or "/") if parts else value.partition("?")[0].partition("#")[0])
        if not path.startswith("/"):
            raise ValidationError(_("%(path)s begins with no slash; write /%(path)s.") % {"path": path})
        script = get_script_prefix()
        return path[len(script) - 1 :] if path.startswith(script) else path

    def clean_address(self) -> str:
        """Validate the address."""
        value: str = self.cleaned_data["address"]
        if value and parse_address(value) is None:
            raise ValidationError(_("%s is no address; write it as in 192.0.2.7 or 2001:db8::1.") % value)
        return value

    def decide(self, tested: TestedWindows, page: HttpRequest) -> Decision:
        """Return the decision on the request of a valid form."""
        meta = {"REMOTE_ADDR": self.cleaned_data["address"]}
        method = self.cleaned_data["method"]
        if method == PREFLIGHT:
            method = "OPTIONS"
            meta |= {"HTTP_ORIGIN": "https://client.example", "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "POST"}
        return evaluate(SampleRequest(page, method, self.cleaned_data["path"], **meta), tested.windows)
