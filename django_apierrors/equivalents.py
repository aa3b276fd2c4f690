"""The texts of DRF and Django that say the same as a code, for languages in which this package ships nothing."""

from __future__ import annotations

from typing import NamedTuple

from rest_framework import exceptions

#: The placeholder of what is wrong first, with the name of the value: ``name: This field is required.``
FIRST_ERROR = "{first_error}"
#: The msgid of DRF, and of Django's forms, for a value that is missing.
REQUIRED = "This field is required."


class Equivalent(NamedTuple):
    """A text of DRF or Django with the placeholders of a code.

    ``before`` stands before it where a value is named; ``then`` is a second sentence, which may be missing
    in a language.
    """

    text: object
    before: str = ""
    then: object = ""


#: Code → the text that says the same; texts are lazy, or the msgid where Django and DRF have no name for one.
EQUIVALENTS: dict[str, Equivalent] = {
    "REQUEST_MALFORMED": Equivalent(exceptions.ParseError.default_detail),
    "PARAM_NOT_FOUND": Equivalent(REQUIRED, before="{param}: "),
    "VALIDATION_FAILED": Equivalent(FIRST_ERROR),
    "AUTH_KEY_NOT_FOUND": Equivalent(exceptions.NotAuthenticated.default_detail),
    "AUTH_KEY_INVALID": Equivalent(exceptions.AuthenticationFailed.default_detail),
    "PERMISSION_DENIED": Equivalent(exceptions.PermissionDenied.default_detail),
    "CSRF_FAILED": Equivalent("CSRF verification failed. Request aborted."),
    "RESOURCE_NOT_FOUND": Equivalent(exceptions.NotFound.default_detail),
    "ENDPOINT_NOT_FOUND": Equivalent(exceptions.NotFound.default_detail),
    "METHOD_NOT_ALLOWED": Equivalent(exceptions.MethodNotAllowed.default_detail),
    "NOT_ACCEPTABLE": Equivalent(exceptions.NotAcceptable.default_detail),
    "UNSUPPORTED_MEDIA_TYPE": Equivalent(exceptions.UnsupportedMediaType.default_detail),
    "RATE_TOO_HIGH": Equivalent(exceptions.Throttled.default_detail, then=exceptions.Throttled.extra_detail_plural),
    "INTERNAL_SERVER_ERROR": Equivalent(exceptions.APIException.default_detail),
}
#: Placeholders of DRF → ours for the same value.
PLACEHOLDERS = {"{wait}": "{retry_after}"}
