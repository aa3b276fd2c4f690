"""What there is to try: requests that fail, each with the answer it must get.

The home page lists them, ``manage.py demo`` prints the first six, ``demo --once`` sends those, and
then the three that show maintenance.
"""

import base64
import http.client
import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from .sample import CLIENT_ID, EMPTY, FULL, IDEMPOTENCY_KEY, KEY, OTHER, READ_KEY, TOKEN, WITH_OAUTH

_WITH_RETRY_AFTER = (429, 503)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back; ``body`` is ``None`` when it is not JSON."""

    status: int
    reason: str
    headers: Mapping[str, str]
    text: str
    body: Any


@dataclass(frozen=True, kw_only=True)
class Step:
    """One request, and the answer it must get: no ``code`` means no error; ``body`` is the whole, where it is given."""

    title: str
    path: str
    status: int
    code: str | None
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    data: str | None = None
    body: Any = None
    times: int = 1

    def curl(self, base: str) -> str:
        """Return the line that sends this request from a shell."""
        words = ["curl", "-i"]
        if self.method != ("GET" if self.data is None else "POST"):
            words += ["-X", self.method]
        for name, value in self.headers.items():
            words += ["-H", f"{name}: {value}"]
        if self.data is not None:
            words += ["-d", self.data]
        return shlex.join([*words, base + self.path])

    def send(self, base: str) -> Answer:
        """Send this request and return the answer."""
        # Not urllib: a proxy of the environment must not get in the way, and a 4xx is no exception here.
        connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=30)
        try:
            connection.request(self.method, self.path, self.data, {"Accept": "*/*", **self.headers})
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        try:
            body = json.loads(text)
        except ValueError:
            body = None
        return Answer(status=response.status, reason=response.reason, headers=response.headers, text=text, body=body)

    def send_until_met(self, base: str) -> Answer:
        """Send this request as often as it takes, even when a new minute begins in between."""
        for _ in range(2 * self.times - 1):
            answer = self.send(base)
            if answer.status == self.status:
                break
        return answer

    def differences(self, answer: Answer) -> list[str]:
        """Say in what an answer is not what it must be."""
        expected = {"status": self.status, "X-Error-Code": self.code}
        actual = {"status": answer.status, "X-Error-Code": answer.headers.get("X-Error-Code")}
        if self.status in _WITH_RETRY_AFTER:
            expected["Retry-After"], actual["Retry-After"] = True, "Retry-After" in answer.headers
        if self.body is not None:
            expected["body"], actual["body"] = self.body, answer.body
        return [
            f"{name} is {actual[name]!r} and should be {expected[name]!r}"
            for name in expected
            if actual[name] != expected[name]
        ]


def _with_key(key: str = KEY, **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}", **more}


def _transfer(amount: str, description: str = "Chairs", **more: str) -> str:
    items = [{"description": description, "amount": amount}]
    return json.dumps({"source": FULL, "target": OTHER, "reference": "Invoice 17", "items": items, **more})


_JSON = _with_key(**{"Content-Type": "application/json"})
_TRANSFERS = "/api/v1/transfers/"

#: Sent until it is refused, as a minute may begin in between.
LIMITED = Step(
    title="Too many requests: three a minute are allowed",
    path=f"/api/v1/payees/{OTHER}/",
    headers=_with_key(),
    status=429,
    code="RATE_TOO_HIGH",
    times=4,
)

STEPS = [
    Step(
        title="No API key",
        path="/api/v1/accounts/",
        status=401,
        code="AUTH_KEY_NOT_FOUND",
        body={
            "error": {
                "code": "AUTH_KEY_NOT_FOUND",
                "httpCode": 401,
                "message": "Authentication is required.",
            }
        },
    ),
    Step(
        title="Broken JSON",
        method="POST",
        path=_TRANSFERS,
        headers=_JSON,
        data='{"source": ',
        status=400,
        code="REQUEST_MALFORMED",
        body={
            "error": {
                "code": "REQUEST_MALFORMED",
                "httpCode": 400,
                "message": "JSON parse error - Expecting value: line 1 column 12 (char 11)",
            }
        },
    ),
    Step(
        title="Values that are not accepted, one of them in a nested list",
        method="POST",
        path=_TRANSFERS,
        headers=_JSON,
        data=_transfer("free", target="ACC-9999"),
        status=400,
        code="VALIDATION_FAILED",
        body={
            "error": {
                "code": "VALIDATION_FAILED",
                "httpCode": 400,
                "message": "Some values are not valid.",
                "errors": [
                    {"param": "target", "code": "does_not_exist", "message": "There is no such account."},
                    {"param": "items.0.amount", "code": "invalid", "message": "A valid number is required."},
                ],
            }
        },
    ),
    Step(
        title="A rule of the business, with a code of its own",
        method="POST",
        path=_TRANSFERS,
        headers=_JSON,
        data=_transfer("250.00"),  # more than all the sample accounts hold together
        status=422,
        code="INSUFFICIENT_BALANCE",
        body={
            "error": {
                "code": "INSUFFICIENT_BALANCE",
                "httpCode": 422,
                "message": "This needs 250.00 but only 120.00 is available.",
                "details": {"required": "250.00", "available": "120.00"},
            }
        },
    ),
    Step(
        title="No such address",
        path="/api/v1/acounts/",
        status=404,
        code="ENDPOINT_NOT_FOUND",
        body={
            "error": {"code": "ENDPOINT_NOT_FOUND", "httpCode": 404, "message": "No endpoint exists at this URL."},
        },
    ),
    Step(
        title="An unexpected failure",
        path="/api/v1/failure/",
        status=500,
        code="INTERNAL_SERVER_ERROR",
        body={
            "error": {
                "code": "INTERNAL_SERVER_ERROR",
                "httpCode": 500,
                "message": "Something went wrong on our side.",
            }
        },
    ),
    Step(
        title="A key that nobody knows",
        path="/api/v1/accounts/",
        headers=_with_key("guessed"),
        status=401,
        code="AUTH_KEY_INVALID",
    ),
    Step(
        title="A key that may only read",
        method="POST",
        path=_TRANSFERS,
        headers={**_JSON, **_with_key(READ_KEY)},
        data=_transfer("1.00"),
        status=403,
        code="INSUFFICIENT_SCOPE",
    ),
    Step(
        title="Somebody else's account",
        path=f"/api/v1/accounts/{OTHER}/",
        headers=_with_key(),
        status=404,
        code="RESOURCE_NOT_FOUND",
    ),
    Step(
        title="A method that is not offered",
        method="PATCH",
        path=f"/api/v1/accounts/{FULL}/",
        headers=_with_key(),
        status=405,
        code="METHOD_NOT_ALLOWED",
    ),
    Step(
        title="A format the API does not write",
        path="/api/v1/accounts/",
        headers=_with_key(Accept="application/pdf"),
        status=406,
        code="NOT_ACCEPTABLE",
    ),
    Step(
        title="A format the API does not read",
        method="POST",
        path=_TRANSFERS,
        headers=_with_key(**{"Content-Type": "text/csv"}),
        data="ACC-1001,ACC-2001,1.00",
        status=415,
        code="UNSUPPORTED_MEDIA_TYPE",
    ),
    Step(
        title="An idempotency key of another transfer",
        method="POST",
        path=_TRANSFERS,
        headers={**_JSON, "Idempotency-Key": IDEMPOTENCY_KEY},
        data=_transfer("1.00"),
        status=422,
        code="IDEMPOTENCY_KEY_REUSED",
    ),
    Step(
        title="Closing an account that has transfers (Django's ProtectedError)",
        method="DELETE",
        path=f"/api/v1/accounts/{EMPTY}/",
        headers=_with_key(),
        status=409,
        code="RESOURCE_CONFLICT",
    ),
    Step(
        title="A plain Django view without a key",
        path=f"/api/v1/statements/{FULL}/",
        status=401,
        code="AUTH_KEY_NOT_FOUND",
    ),
    Step(
        title="Django's CSRF check, at the same view",
        method="POST",
        path=f"/api/v1/statements/{FULL}/",
        headers=_with_key(),
        status=403,
        code="CSRF_FAILED",
    ),
    Step(
        title="An async view without its parameter",
        path="/api/v1/rates/",
        status=400,
        code="PARAM_NOT_FOUND",
    ),
    Step(
        title="An async view whose provider does not answer",
        path="/api/v1/rates/?currency=JPY",
        status=504,
        code="GATEWAY_TIMEOUT",
    ),
    LIMITED,
    Step(
        title="Version 2 answers as application/problem+json",
        method="POST",
        path="/api/v2/transfers/",
        headers=_JSON,
        data=_transfer("250.00"),
        status=422,
        code="INSUFFICIENT_BALANCE",
    ),
]

_GUESSED = base64.b64encode(f"{CLIENT_ID}:guessed".encode()).decode()

if WITH_OAUTH:
    STEPS += [
        Step(
            title="OAuth 2: a client with a wrong secret",
            method="POST",
            path="/oauth/token/",
            headers={"Authorization": f"Basic {_GUESSED}", "Content-Type": "application/x-www-form-urlencoded"},
            data="grant_type=client_credentials",
            status=401,
            code="OAUTH_INVALID_CLIENT",
            body={
                "error": "invalid_client",
                "error_description": "The client ID or the client secret was not accepted.",
            },
        ),
        Step(
            title="OAuth 2: an address that its server does not have",
            path="/oauth/tokens/",
            status=404,
            code="ENDPOINT_NOT_FOUND",
            body={"error": "invalid_request", "error_description": "No endpoint exists at this URL."},
        ),
        Step(
            title="OAuth 2: an access token without the scope",
            path="/api/v1/app/accounts/",
            headers=_with_key(TOKEN),
            status=403,
            code="INSUFFICIENT_SCOPE",
        ),
    ]

FIRST = STEPS[:6]

# Sent while maintenance is on, and the first of them once more when it is off.
PAUSED = Step(
    title="Any address of the API",
    path="/api/v1/accounts/",
    headers=_with_key(),
    status=503,
    code="MAINTENANCE",
)
EXEMPT = Step(
    title="The webhook of the bank, which is exempt",
    method="POST",
    path="/api/v1/webhooks/settlements/",
    headers=_JSON,
    data=json.dumps({"reference": "Invoice 17"}),
    status=202,
    code=None,
    body={"reference": "Invoice 17"},
)
OPEN = replace(PAUSED, title="The first address once more", status=200, code=None)
