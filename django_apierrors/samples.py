"""Sample errors of the codes: what the documentation page, its exports and the OpenAPI schema show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from django.utils.translation import get_language
from rest_framework import fields

from . import codes, headers
from .entries import Entry
from .exceptions import ApiError
from .formats.details import to_json_values
from .problems import FieldError, Problem

#: The id of the request of every sample.
SAMPLE_REQUEST_ID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
_SAMPLE_RETRY_AFTER = 30
_MOST_BYTES_OF_SAMPLE = 16_000
#: Code → error code and message of the one field in its sample, as in DRF.
_FIELD_ERRORS = {
    "VALIDATION_FAILED": ("invalid", fields.DecimalField.default_error_messages["invalid"]),
    "PARAM_NOT_FOUND": ("required", fields.Field.default_error_messages["required"]),
}

#: The details of instances that were made of sample params, by class and language.
_made: WeakKeyDictionary[type[ApiError], dict[str | None, Mapping[str, Any] | None]] = WeakKeyDictionary()


def sample_params(entry: Entry) -> dict[str, Any]:
    """Return the sample values of the placeholders of a code, those that are texts in the active language."""
    params: dict[str, Any] = dict(entry.params)
    if entry.code in _FIELD_ERRORS and "param" in params:
        params["detail"] = str(_FIELD_ERRORS[entry.code][1])
    return params


def sample_problem(entry: Entry) -> Problem:
    """Return a problem of a code with the sample values of its definition."""
    params = sample_params(entry)
    if "retry_after" in params:
        params.pop("wait", None)  # it is made of that, in the language of the text
    errors: tuple[FieldError, ...] = ()
    if entry.code in _FIELD_ERRORS and "param" in params:
        errors = (FieldError(path=(params["param"],), code=_FIELD_ERRORS[entry.code][0], message=params["detail"]),)
    return Problem(
        code=entry.code,
        status=entry.status,
        params=params,
        details=sample_details(entry) or None,
        param=params.get("param"),
        errors=errors,
        errors_total=len(errors),
        retry_after=params.get("retry_after", _SAMPLE_RETRY_AFTER) if entry.retry == "safe" else None,
        headers={headers.ALLOW: "GET, HEAD, OPTIONS"} if entry.status == 405 else {},
        request_id=SAMPLE_REQUEST_ID,
    )


def sample_details(entry: Entry) -> dict[str, Any]:
    """Return the sample details of a code as JSON values, empty when it has none.

    They are those that the code declares. Where it declares none, and its class has a constructor that
    takes the sample params by their names, they are the details of the instance that it makes of them.
    """
    sample: Any = entry.details or _details_of_instance(entry)
    return to_json_values(sample, entry.code, _MOST_BYTES_OF_SAMPLE)[0] or {}


def _details_of_instance(entry: Entry) -> Mapping[str, Any] | None:
    definition = codes.get(entry.code)
    if definition is None or not definition.params:
        return None
    cls = next((cls for cls in error_classes() if vars(cls).get("code") == entry.code), None)
    if cls is None or "__init__" not in vars(cls):
        return None
    made = _made.setdefault(cls, {})
    language = get_language()
    if language not in made:
        made[language] = _make_details(cls, dict(definition.params))
    return made[language]


def _make_details(cls: Any, params: dict[str, Any]) -> Mapping[str, Any] | None:
    try:
        details: Mapping[str, Any] | None = cls(**params).details
    except Exception:  # a constructor of somebody else must never cost its documentation
        return None
    return details


def error_classes(cls: type[ApiError] = ApiError) -> Iterator[type[ApiError]]:
    """Iterate over all subclasses of ``ApiError``, or of one of them."""
    for subclass in cls.__subclasses__():
        yield subclass
        yield from error_classes(subclass)
