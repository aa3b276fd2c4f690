"""Operations of views as the URLconf holds them, without a schema generator."""

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.views import APIView

from django_apierrors.contract.operation import Operation, initkwargs


def operation_of(callback, method, path):
    """Return the operation of a view at its path with ``{parameters}``."""
    view_class = getattr(callback, "cls", None) or getattr(callback, "view_class", None)
    if view_class is None:
        return Operation(path, method, callback=callback)
    view = view_class(**initkwargs(callback))
    request = HttpRequest()
    request.method, request.path, request.path_info = method, path, path
    view.args, view.kwargs, view.request = (), {}, request
    if isinstance(view, APIView):
        view.request, view.format_kwarg = Request(request), None
    actions = getattr(callback, "actions", None)
    if actions:
        view.action_map, view.action = actions, actions.get(method.lower())
    return Operation(path, method, view=view, callback=callback)
