"""The least that gives the answers of format ``nested``, written by hand for the errors that are measured.

Two exception handlers, an error view and a middleware. Whatever can be prepared is a constant; only the request id, the
wait of a throttle, the host of the documentation and the wrong fields are made for each answer. ``errors.check``
compares status, headers and body with those of the package.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Content-Language": "en-us",
}
_HEADERS_OF_BYTES = {"Content-Type": "application/json", **_HEADERS}
_SOUND_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _body(status: int, code: str, message: str, **more: Any) -> dict[str, Any]:
    return {"error": {"code": code, "httpCode": int(status), "message": message, **more}}


_NOT_FOUND = _body(404, "RESOURCE_NOT_FOUND", "The requested resource was not found.")
_NO_ENDPOINT = _body(404, "ENDPOINT_NOT_FOUND", "No endpoint exists at this URL.")
_CRASH = _body(500, "INTERNAL_SERVER_ERROR", "Something went wrong on our side.")
_THROTTLED = _body(429, "RATE_TOO_HIGH", "Too many requests. Try again in %d seconds.")
_NOT_FOUND_BYTES, _NO_ENDPOINT_BYTES, _CRASH_BYTES, _THROTTLED_BYTES = (
    _encode(body).encode() for body in (_NOT_FOUND, _NO_ENDPOINT, _CRASH, _THROTTLED)
)


def bytes_handler(exc: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """Answer what views raise with finished bytes, which no renderer sees; a crash goes to ``handler500``."""
    request = context["request"]._request
    if isinstance(exc, exceptions.ValidationError):
        content = _encode(_wrong_fields(exc.detail)).encode()
        response = _answer(request, HTTPStatus.BAD_REQUEST, "VALIDATION_FAILED", content)
    elif isinstance(exc, exceptions.NotFound | Http404):
        response = _answer(request, HTTPStatus.NOT_FOUND, "RESOURCE_NOT_FOUND", _NOT_FOUND_BYTES)
    elif isinstance(exc, exceptions.Throttled):
        wait = math.ceil(exc.wait)
        response = _answer(request, HTTPStatus.TOO_MANY_REQUESTS, "RATE_TOO_HIGH", _THROTTLED_BYTES % wait)
        response.headers["Retry-After"] = str(wait)
    else:
        return None
    set_rollback()
    return response


def rendered_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Answer the same with DRF's response, which the renderer that was negotiated renders."""
    request = context["request"]._request
    more = {}
    if isinstance(exc, exceptions.ValidationError):
        status, code, body = HTTPStatus.BAD_REQUEST, "VALIDATION_FAILED", _wrong_fields(exc.detail)
    elif isinstance(exc, exceptions.NotFound | Http404):
        status, code, body = HTTPStatus.NOT_FOUND, "RESOURCE_NOT_FOUND", _NOT_FOUND
    elif isinstance(exc, exceptions.Throttled):
        wait = math.ceil(exc.wait)
        status, code = HTTPStatus.TOO_MANY_REQUESTS, "RATE_TOO_HIGH"
        body = _body(status, code, f"Too many requests. Try again in {wait} seconds.")
        more = {"Retry-After": str(wait)}
    else:
        return None
    set_rollback()
    return Response(body, status=status, headers={**_HEADERS, **_headers(request, code), **more})


def handler500(request: HttpRequest) -> HttpResponse:
    response = _answer(request, HTTPStatus.INTERNAL_SERVER_ERROR, "INTERNAL_SERVER_ERROR", _CRASH_BYTES)
    response.headers["Content-Length"] = str(len(_CRASH_BYTES))
    return response


class Middleware:
    """Rewrites the 404 that Django makes of an address without a view."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_djangos = response.status_code == HTTPStatus.NOT_FOUND and "X-Error-Code" not in response.headers
        if is_djangos and request.path_info.startswith("/api/"):
            response.content = _NO_ENDPOINT_BYTES
            for name, value in {**_HEADERS_OF_BYTES, **_headers(request, "ENDPOINT_NOT_FOUND")}.items():
                response.headers[name] = value
            response.headers["Content-Length"] = str(len(_NO_ENDPOINT_BYTES))
        return response


def _answer(request: HttpRequest, status: int, code: str, content: bytes) -> HttpResponse:
    return HttpResponse(content, status=status, headers={**_HEADERS_OF_BYTES, **_headers(request, code)})


def _headers(request: Any, code: str) -> dict[str, str]:
    sent = request.META.get("HTTP_X_REQUEST_ID", "")
    request_id = sent if _SOUND_ID.fullmatch(sent) else os.urandom(16).hex()
    headers = {"X-Error-Code": code, "X-Request-ID": request_id}
    if request.urlconf.is_documented:
        headers["Link"] = f'<{request.scheme}://{request.get_host()}/errors/{code}/>; rel="help"'
    return headers


def _wrong_fields(detail: Any) -> dict[str, Any]:
    errors: list[dict[str, str]] = []
    _flatten(detail, "", errors)
    message = "Some values are not valid."
    if len(errors) == 1:
        message = f"{errors[0]['param']}: {errors[0]['message']}"
    return {"error": {"code": "VALIDATION_FAILED", "httpCode": 400, "message": message, "errors": errors}}


def _flatten(detail: Any, place: str, errors: list[dict[str, str]]) -> None:
    if isinstance(detail, dict):
        for key, value in detail.items():
            _flatten(value, f"{place}.{key}" if place else str(key), errors)
        return
    for number, value in enumerate(detail):
        if isinstance(value, str):
            errors.append({"param": place, "code": value.code, "message": value})
        else:
            _flatten(value, f"{place}.{number}", errors)
