"""The errors of query parameters: told from those of a body, and named as the client sent them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest

from .client_errors import drf_request, frames
from .problems import FieldError

# What these raise is about the query string, whatever the method.
_OF_QUERY = ("rest_framework.filters", "rest_framework.pagination", "django_filters")
# The methods by which views and backends of a project do the same.
_ASKING = frozenset(("filter_queryset", "paginate_queryset"))


def is_in_query(request: HttpRequest, detail: Any = None, exc: BaseException | None = None) -> bool:
    """Return whether an error is about the query string of a request.

    It is when a filter or a paginator raised it, and when it is of a serializer that was given the
    query string; it is not of a serializer that was given the body. Else the method tells.
    """
    if exc is not None and any(map(_asks, frames(exc))):
        return True
    has_no_body = request.method in ("GET", "HEAD")
    serializer = getattr(detail, "serializer", None)
    data = getattr(serializer, "initial_data", None)
    if not data:
        # Of nothing at all nobody can say where it stood.
        return has_no_body or data is request.GET
    bodies = _bodies(request, serializer, exc)
    if any(data is body for body in bodies):
        return False
    if data is request.GET:
        return True
    rows = data if isinstance(data, list) else [data]
    if any(_is_copy(row, body) for body in bodies for row in rows):
        return False
    return has_no_body or all(_is_copy(row, request.GET) for row in rows)


def _asks(frame: Any) -> bool:
    return frame.f_code.co_name in _ASKING or str(frame.f_globals.get("__name__", "")).startswith(_OF_QUERY)


def _bodies(request: HttpRequest, serializer: Any, exc: BaseException | None) -> list[Any]:
    """Return what was parsed of a body, by DRF and by Django, without parsing it."""
    asked = None if exc is None else drf_request(exc)
    if asked is None:
        asked = (getattr(serializer, "_context", None) or {}).get("request")
    return [vars(request).get("_post"), getattr(asked, "__dict__", {}).get("_full_data")]


def _is_copy(data: Any, source: Any) -> bool:
    """Return whether one mapping says what another does, with the very objects of the other."""
    if data is source:
        return True
    if not (isinstance(data, Mapping) and isinstance(source, Mapping) and source):
        return False
    said = [source, dict(source)]
    if hasattr(source, "dict"):  # a QueryDict
        said.append(source.dict())
    try:
        # A body may say the same as the query string; short texts may be the same objects.
        return data in said and set(map(id, _values(data))) <= set(map(id, _values(source)))
    except Exception:  # a mapping of somebody else must never hide what it says
        return False


def _values(data: Mapping[Any, Any]) -> Iterator[Any]:
    for value in dict(data).values():
        if isinstance(value, list):
            yield from value
        else:
            yield value


def names_sent(errors: tuple[FieldError, ...], exc: BaseException) -> tuple[FieldError, ...]:
    """Return errors of a filter with the names of the parameters that were sent: ``size_max``, not ``size``."""
    form = _filter_form(exc)
    if form is None:
        return errors
    return tuple(
        replace(error, path=(_name_sent(form, error.path[0], error.message), *error.path[1:]))
        if error.path and error.path[0] in form.fields
        else error
        for error in errors
    )


def _filter_form(exc: BaseException) -> Any:
    # The form of django-filter's FilterSet, which need not be installed.
    for frame in frames(exc):
        if _asks(frame) and "filterset" in frame.f_code.co_varnames:
            form = getattr(frame.f_locals.get("filterset"), "form", None)
            if hasattr(form, "add_prefix"):
                return form
    return None


def _name_sent(form: Any, field_name: Any, message: str) -> str:
    """Return the name of the parameter that an error of one field of a form is about.

    Of a range each end is a parameter: that whose value is refused with the message, else the first that was sent.
    """
    field, name = form.fields[field_name], form.add_prefix(field_name)
    suffixed, suffixes = getattr(field.widget, "suffixed", None), getattr(field.widget, "suffixes", ())
    if suffixed is None:
        return str(name)
    values = field.widget.value_from_datadict(form.data, form.files, name)
    sent = [(suffixed(name, suffix), value) for suffix, value in zip(suffixes, values, strict=False) if value]
    parts = [part for part, value in zip(getattr(field, "fields", ()), values, strict=False) if value]
    for (own_name, value), part in zip(sent, parts, strict=False):
        try:
            part.clean(value)
        except ValidationError as refusal:
            if message in refusal.messages:
                return str(own_name)
    return str(sent[0][0]) if sent else str(name)
