"""People at work in the admin of a live server: a browser without scripts, which keeps cookies and sends forms."""

import contextlib
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urljoin, urlsplit

from support.server_processes import exchange

MAINTENANCE = "/admin/django_apierrors/maintenancewindow/"
PASSWORD = "open sesame"
SUPERUSER = f"""
from django.contrib.auth.models import User
User.objects.create_superuser("ana", password={PASSWORD!r})
"""


@dataclass
class Form:
    """A form as it is on a page: where it is sent, and the values that it has."""

    action: str
    values: dict = field(default_factory=dict)


class Forms(HTMLParser):
    """Reads the forms of a page."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self._area = self._select = None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "form":
            self.found.append(Form(attrs.get("action") or ""))
        elif not self.found:
            return
        elif tag == "textarea":
            self._area = attrs["name"]
            self._set(self._area, "")
        elif tag == "select":
            self._select = attrs["name"]
        elif tag == "option" and ("selected" in attrs or self._select not in self.found[-1].values):
            self._set(self._select, attrs.get("value", ""))
        elif tag == "input" and "name" in attrs and _is_sent(attrs):
            self._set(attrs["name"], attrs.get("value", ""))

    def handle_data(self, data):
        if self._area:
            self.found[-1].values[self._area] += data

    def handle_endtag(self, tag):
        if tag == "textarea":
            self._area = None

    def _set(self, name, value):
        self.found[-1].values[name] = value


def _is_sent(attrs):
    kind = attrs.get("type")
    return kind not in ("submit", "button", "checkbox", "radio") or (
        kind in ("checkbox", "radio") and "checked" in attrs
    )


class Operator:
    """Somebody with a browser: follows redirects, keeps cookies, and fills in what a form asks for."""

    def __init__(self, server):
        self.server = server
        self.cookies = SimpleCookie()
        self.path = "/"
        self.answer = None
        #: The answer to the last form, which may have been a redirect.
        self.to_form = None

    @property
    def page(self):
        return self.answer.body.decode()

    def get(self, path):
        self._send(path)
        return self.answer

    def send(self, action="", **values):
        """Send the one form that goes to an address, with some values of ours."""
        forms = [form for form in Forms(self.page).found if form.action.endswith(action) and "csrf" in str(form.values)]
        assert len(forms) == 1, f"{len(forms)} forms to {action!r} on {self.path}: {self.page}"
        self._send(urljoin(self.path, forms[0].action), {**forms[0].values, **values})
        return self.answer

    def sign_in(self):
        """Open the admin as nobody, and come in through its login."""
        self.get("/admin/")
        assert self.path == "/admin/login/?next=/admin/"
        self.send(username="ana", password=PASSWORD)
        assert (self.path, self.answer.status) == ("/admin/", 200), self.page

    def turn_on(self, **values):
        """Turn maintenance on by the switch, and return when the answer was there: after the commit."""
        self.get(MAINTENANCE)
        self.send("/on/", **values)
        assert "Why you stay exempt" in self.page, self.page
        self.send("/on/")
        assert (self.path, self.to_form.status) == (MAINTENANCE, 302), self.page
        return self.to_form.received

    def turn_off(self):
        """Turn it off by the switch, and return when the answer was there."""
        self.get(MAINTENANCE)
        self.send("/off/")
        assert "was ended" in self.page, self.page
        return self.to_form.received

    def _send(self, path, values=None):
        headers = {
            "Accept": "text/html",
            "Cookie": "; ".join(f"{m.key}={m.coded_value}" for m in self.cookies.values()),
        }
        body = None
        if values is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode(values)
        with contextlib.closing(self.server.connect()) as opened:
            self.answer = exchange(opened, path, "GET" if values is None else "POST", body, headers)
        self.path = path
        if values is not None:
            self.to_form = self.answer
        for cookie in self.answer.headers.get_all("Set-Cookie", []):
            self.cookies.load(cookie)
        if self.answer.status == 302:
            parts = urlsplit(urljoin(path, self.answer.headers["Location"]))
            self._send(parts._replace(scheme="", netloc="").geturl())
