"""Wrappers of a project, as the system checks see them: what calls ours by any ordinary way, and what does not."""

import functools
import importlib

import pytest
from asgiref.sync import sync_to_async
from django.shortcuts import render
from django.utils.module_loading import import_string
from django.views import View
from django.views.decorators.cache import never_cache
from rest_framework.views import exception_handler as drfs

import django_apierrors.handlers
from django_apierrors import handlers
from django_apierrors.checks.wrappers import calls_any
from django_apierrors.handlers import answer, exception_handler

OURS = (handlers.exception_handler, handlers.answer)


def by_global(exc, context):
    return exception_handler(exc, context)


def by_module(exc, context):
    return handlers.exception_handler(exc, context)


def by_package(exc, context):
    return django_apierrors.handlers.exception_handler(exc, context)


def by_import(exc, context):
    from django_apierrors.handlers import exception_handler as inner

    return inner(exc, context)


def by_import_of_module(exc, context):
    from django_apierrors import handlers as module

    return module.exception_handler(exc, context)


def by_dotted_path(exc, context):
    return import_string("django_apierrors.handlers.exception_handler")(exc, context)


def by_path_of_module(exc, context):
    return importlib.import_module("django_apierrors.handlers").exception_handler(exc, context)


def by_default(exc, context, inner=exception_handler):
    return inner(exc, context)


def by_keyword(exc, context, *, inner=exception_handler):
    return inner(exc, context)


def by_inner_function(exc, context):
    def call():
        return exception_handler(exc, context)

    return call()


def by_another_function(exc, context):
    return by_global(exc, context)


def four_calls_away(exc, context):
    return three_calls_away(exc, context)


def three_calls_away(exc, context):
    return two_calls_away(exc, context)


def two_calls_away(exc, context):
    return one_call_away(exc, context)


def one_call_away(exc, context):
    return by_another_function(exc, context)


def any_handler(exc, context, inner):
    return inner(exc, context)


def around(inner):
    def handle(exc, context):
        return inner(exc, context)

    return handle


@never_cache
def decorated(request, exception=None):
    return answer(request, exception) or render(request, "404.html")


class Inner:
    def __init__(self, inner=None):
        self.inner = inner

    def __call__(self, exc, context):
        return self.inner(exc, context)


class Handler(Inner):
    def method(self, exc, context):
        return by_global(exc, context)

    @staticmethod
    def static(exc, context):
        return exception_handler(exc, context)


class OnlyStatic(Inner):
    @staticmethod
    def static(exc, context):
        return exception_handler(exc, context)


class Errors(View):
    def get(self, request, exception=None):
        return answer(request, exception)


class MoreErrors(Errors):
    pass


@pytest.mark.parametrize(
    "function",
    [
        exception_handler,
        by_global,
        by_module,
        by_package,
        by_import,
        by_import_of_module,
        by_dotted_path,
        by_path_of_module,
        by_default,
        by_keyword,
        by_inner_function,
        by_another_function,
        one_call_away,
        functools.partial(any_handler, inner=exception_handler),
        functools.partial(by_global),
        functools.lru_cache(by_global),
        around(exception_handler),
        around(around(by_import)),
        decorated,
        sync_to_async(by_global),
        Handler(exception_handler),
        Handler().method,
        Handler.static,
        OnlyStatic(),
        Errors.as_view(),
        MoreErrors.as_view(),
    ],
)
def test_a_wrapper_is_seen(function):
    assert calls_any(function, OURS)


def calls_drfs(exc, context):
    """Calls DRF's: ours is "exception_handler", too."""
    return drfs(exc, context)


def names_no_handler(exc, context):
    return django_apierrors.__name__, handlers.logger


def nothing_yet():
    if False:
        inner = None

    def handle(exc, context):
        return inner(exc, context)

    return handle


def far(depth):
    return functools.reduce(lambda inner, _: Inner(inner), range(depth), by_global)


def a(exc, context):
    return b(exc, context)


def b(exc, context):
    return a(exc, context)


@pytest.mark.parametrize(
    "function",
    [
        drfs,
        calls_drfs,
        names_no_handler,
        nothing_yet(),
        around(drfs),
        Inner(drfs),
        View.as_view(),
        a,
        print,
        functools.partial(print),
        None,
        four_calls_away,
        far(600),
    ],
)
def test_what_calls_others_is_no_wrapper(function):
    assert not calls_any(function, OURS)
