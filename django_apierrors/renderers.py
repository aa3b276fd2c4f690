"""DRF renderers for responses that are no errors, in two of the formats."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from rest_framework.renderers import JSONRenderer

from . import headers


class ProblemJSONRenderer(JSONRenderer):
    """Lets a client send ``Accept: application/problem+json`` alone, which DRF answers by 406.

    Only errors of this package in the ``problem`` format have that content type (RFC 9457, 3); other
    responses have ``application/json``, unless the view names one.
    """

    media_type = "application/problem+json"
    format = "problem"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Return JSON, and correct the content type that DRF took from ``media_type``."""
        response = (renderer_context or {}).get("response")
        if response is not None and response.content_type is None:
            response[headers.CONTENT_TYPE] = JSONRenderer.media_type
        return super().render(data, accepted_media_type, renderer_context)


class ResultJSONRenderer(JSONRenderer):
    """Writes ``"result": "success"`` into successful responses, for APIs in the ``result`` format.

    An object gains the member; a list, a scalar, or an object that has a ``result`` of its own
    goes under ``"data"``. Errors and responses without content stay as they are.
    """

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Return JSON, with the member added unless the response is an error."""
        response = (renderer_context or {}).get("response")
        succeeded = response is None or response.status_code < HTTPStatus.BAD_REQUEST
        if succeeded and data is not None:
            members = data if isinstance(data, Mapping) and "result" not in data else {"data": data}
            data = {"result": "success", **members}
        return super().render(data, accepted_media_type, renderer_context)
