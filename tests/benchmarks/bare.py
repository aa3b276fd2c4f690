"""Middleware that answers everything with a constant 503: the least that an answer during maintenance can cost."""

from __future__ import annotations

import json

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpResponse


class ConstantJson:
    """Sends the same bytes to everybody, with the headers that such an answer needs."""

    sync_capable = True
    async_capable = True
    media_type = "application/json"
    body = json.dumps(
        {"error": {"code": "MAINTENANCE", "message": "The service is down for maintenance. Please try again later."}}
    ).encode()

    def __init__(self, get_response):
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request):
        return self._answer_async() if self.is_async else self._answer()

    async def _answer_async(self):
        return self._answer()

    def _answer(self):
        response = HttpResponse(self.body, status=503, content_type=self.media_type)
        response["Content-Length"] = str(len(self.body))
        response["Retry-After"] = "300"
        response["Cache-Control"] = "no-store"
        response._has_been_logged = True  # else Django logs an ERROR for each
        return response


class ConstantHtml(ConstantJson):
    """Sends a page."""

    media_type = "text/html; charset=utf-8"
    body = b"<!doctype html><html lang=en><title>Maintenance (503)</title><h1>Maintenance</h1></html>"
