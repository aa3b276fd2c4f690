"""The fixed texts of the documentation pages."""

from __future__ import annotations

import re

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from .. import headers
from ..codes import Text

_CODE_SPAN = re.compile(r"`([^`\n]+)`")

#: The headers of an error response with their meanings.
HEADER_TEXTS: tuple[tuple[str, Text], ...] = (
    (headers.X_ERROR_CODE, _("The canonical code, in every format.")),
    (headers.X_REQUEST_ID, _("The ID of the request: the one sent in this header, or a new one.")),
    (headers.RETRY_AFTER, _("Whole seconds to wait before the next try, when that is known.")),
    (headers.LINK, _('The documentation of the code, with `rel="help"`.')),
    (headers.WWW_AUTHENTICATE, _("Of a 401: how to authenticate.")),
    (headers.ALLOW, _("Of a 405: the methods that the endpoint supports.")),
    (headers.CONTENT_LANGUAGE, _("The languages of all texts in the body, when they are known.")),
    (headers.CACHE_CONTROL, _("`no-store`: errors are never cached.")),
)

#: Advice for clients on errors of any code.
ADVICE: tuple[Text, ...] = (
    _("Log the whole error object and the request ID (`X-Request-ID`), by which support finds the request."),
    _("Branch on the code, never on a text. Texts change, codes do not."),
    _(
        "After 429 and 503 wait as long as `Retry-After` says. Without it, back off exponentially. "
        "Add a random part (jitter), so that clients do not return all at once."
    ),
    _(
        "Retry other 5xx only when that is safe: GET, PUT and DELETE, or with an idempotency key. "
        "The first request may have run."
    ),
    _("When an error names a `param`, mark that field of your form."),
    _("The message of a 4xx may be shown to people. Of a 5xx, say only that something failed, and when to try again."),
    _("Count errors by code and raise an alarm when the rate of one changes."),
)

#: Status class → heading, explanation.
STATUS_CLASS_TEXTS: dict[int, tuple[Text, Text]] = {
    4: (_("Client errors (4xx)"), _("The request, or who sent it, must change before it can succeed.")),
    5: (_("Server errors (5xx)"), _("Something failed in the service. The request may be correct.")),
}
OAUTH_TEXTS: tuple[Text, Text] = (
    _("OAuth errors"),
    _("What the token and authorization endpoints answer, named as RFC 6749 does."),
)

#: Retry class → text in the list of codes.
RETRY_TEXTS: dict[str, Text] = {
    "never": _("Do not retry"),
    "safe": _("Retry after the delay"),
    "idempotent": _("Retry if idempotent"),
}


def to_html(text: object) -> SafeString:
    """Return plain text as HTML: escaped, with ``<code>`` in the place of backticks."""
    return mark_safe(_CODE_SPAN.sub(r"<code>\1</code>", escape(str(text))))
