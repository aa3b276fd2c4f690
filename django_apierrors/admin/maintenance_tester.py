"""What clients are answered, and whether a request would be: by the code that answers on the wire."""

from __future__ import annotations

import json
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

from .. import headers, responses, windows
from ..client_ip import parse
from ..codes import phrase
from ..conf import conf
from ..datetimes import format_time
from ..maintenance import Status
from ..maintenance import responses as answers
from ..maintenance.decision import Decision, evaluate
from ..request_id import request_id
from ..request_state import RequestState
from ..scopes import describe_scope
from ..snapshot import loader
from ..windows import Window, Windows, open_at
from .effective import active_language

#: The one request that browsers make by themselves.
PREFLIGHT = "PREFLIGHT"

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_OF_HOST = ("HTTP_HOST", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PORT", "SERVER_NAME", "SERVER_PORT", "SCRIPT_NAME")
_EXAMPLE = 60 * 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """The windows that a question is about, the strictest first, and which these are."""

    windows: Sequence[Window]
    words: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """One answer: its format and where that is used, the status line with the headers, and the body."""

    label: str
    head: str
    body: str


class MadeUp(HttpRequest):
    """A request to the host of the page by somebody without cookies and credentials."""

    def __init__(self, page: HttpRequest, method: str, path: str, **meta: str) -> None:
        """Take the request of the page, and what is to be asked."""
        super().__init__()
        self.META = {name: page.META[name] for name in _OF_HOST if name in page.META} | meta
        self.method, self.path, self.path_info = method, get_script_prefix() + path[1:], path
        self._page_scheme = page.scheme
        self.LANGUAGE_CODE = active_language()
        RequestState.of(self).request_id = request_id(page, RequestState.of(page))
        if hasattr(page, "urlconf"):
            self.urlconf = page.urlconf

    def _get_scheme(self) -> str | None:
        return self._page_scheme


def subject_of(status: Status) -> Subject:
    """Return what is open now, else what will be when the next scheduled window begins, else nothing."""
    known, now = Windows(map(loader.parse_window, (*status.open, *status.upcoming))), time()
    with windows.override_windows(known):
        opened = open_at(now)
    if opened:
        return Subject(windows=opened, words=_("the windows that are open now"))
    coming = known.upcoming(now) if status.forced is None else ()
    if not coming:
        return Subject(windows=(), words=_("what is so now: nothing is on"))
    starts_at = format_time(status.upcoming[0].starts_at)
    told = _("the next scheduled window, from %(starts)s for %(scope)s; nothing is on now")
    return Subject(
        windows=known.open_at(coming[0].begins), words=told % {"starts": starts_at, "scope": describe_scope(coming[0])}
    )


def shown_window(subject: Subject) -> Window:
    """Return the window whose answers are shown: the strictest there is, else one like any other."""
    now = time()
    return next(iter(subject.windows), Window(begins=now, ends=now + _EXAMPLE))


def previews(window: Window, page: HttpRequest) -> list[Answer]:
    """Return the answers of a window: in the default format, then in each of ``FORMATS``."""
    names = dict.fromkeys((conf.FORMAT, *filter(None, conf.FORMATS.values())))
    return [preview(window, page, name) for name in names]


def preview(window: Window, page: HttpRequest, name: str) -> Answer:
    """Return the answer of a window in one format."""
    places = [place for place, format_ in conf.FORMATS.items() if format_ == name]
    asked = MadeUp(page, "POST", next(iter(places), "/"))
    RequestState.of(asked).format_name = name
    response = answers.make_response(window, asked)
    lines = [f"HTTP/1.1 {response.status_code} {phrase(response.status_code)}"]
    lines += [f"{name}: {value}" for name, value in response.items() if name != headers.CONTENT_LENGTH]
    body = json.dumps(json.loads(response.content), indent=2, ensure_ascii=False)
    used = ([_("by default")] if name == conf.FORMAT else []) + places
    return Answer(label=f"{name} ({', '.join(used)})", head="\n".join(lines), body=body)


def page_for_people(window: Window, page: HttpRequest) -> HttpResponse:
    """Return the page that people see, as a success, so that nobody takes it for an outage."""
    asked = MadeUp(page, "GET", "/")
    problem = answers.make_problem(window, asked)
    response = responses.make_page(problem, asked, lambda entry: answers.render_page(window, problem, entry))
    response.status_code = 200
    for name in (headers.RETRY_AFTER, headers.X_ERROR_CODE):
        del response[name]
    return response


class TesterForm(forms.Form):
    """A request that somebody wants to know about."""

    path = forms.CharField(label=gettext_lazy("Path"), initial="/", widget=forms.TextInput({"spellcheck": "false"}))
    method = forms.ChoiceField(label=gettext_lazy("Method"))
    address = forms.CharField(
        label=gettext_lazy("Address"),
        required=False,
        help_text=gettext_lazy("Of the client. Blank: one that is exempt nowhere."),
        widget=forms.TextInput({"spellcheck": "false", "placeholder": "192.0.2.7"}),
    )

    def __init__(self, data: Any = None) -> None:
        """Keep the ids of its fields apart from those of other forms on the page."""
        super().__init__(data, auto_id="id_tester_%s")
        offered = [*((name, name) for name in _METHODS), (PREFLIGHT, _("OPTIONS (CORS preflight)"))]
        self.fields["method"].choices = offered  # type: ignore[attr-defined]

    def clean_path(self) -> str:
        """Return the path as the middleware sees it, also of a whole URL."""
        given: str = self.cleaned_data["path"]
        parts = urlsplit(given) if given.startswith(("http://", "https://")) else None
        path = unquote((parts.path or "/") if parts else given.partition("?")[0].partition("#")[0])
        if not path.startswith("/"):
            raise ValidationError(_("%(path)s begins with no slash; write /%(path)s.") % {"path": path})
        script = get_script_prefix()
        return path[len(script) - 1 :] if path.startswith(script) else path

    def clean_address(self) -> str:
        """Refuse what is no address."""
        given: str = self.cleaned_data["address"]
        if given and parse(given) is None:
            raise ValidationError(_("%s is no address; write it as in 192.0.2.7 or 2001:db8::1.") % given)
        return given

    def verdict(self, subject: Subject, page: HttpRequest) -> Decision:
        """Return what becomes of the request, once the form is valid."""
        meta = {"REMOTE_ADDR": self.cleaned_data["address"]}
        method = self.cleaned_data["method"]
        if method == PREFLIGHT:
            method = "OPTIONS"
            meta |= {"HTTP_ORIGIN": "https://client.example", "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "POST"}
        return evaluate(MadeUp(page, method, self.cleaned_data["path"], **meta), subject.windows)
