"""The system check of parsers: DRF's own are named, with ours to put in their place."""

import sys
import types

import pytest
from django.urls import clear_url_caches, path
from rest_framework import decorators
from rest_framework import parsers as drf_parsers
from rest_framework.views import APIView

from django_apierrors import parsers
from django_apierrors.checks import check_parsers


class OfDrf(APIView):
    parser_classes = [drf_parsers.MultiPartParser, drf_parsers.FileUploadParser]


class OfOurs(APIView):
    parser_classes = [parsers.JSONParser]


class Other(drf_parsers.JSONParser):
    """A parser of the project's own: whoever writes one knows what it does."""


@pytest.fixture
def routes(settings, monkeypatch):
    def install(*views):
        module = types.ModuleType("routes_of_parsers")
        module.urlpatterns = [path(f"{number}", view) for number, view in enumerate(views)]
        monkeypatch.setitem(sys.modules, module.__name__, module)
        settings.ROOT_URLCONF = module.__name__
        clear_url_caches()

    return install


def test_the_parsers_of_this_package_are_right(routes):
    routes(OfOurs.as_view(), OfDrf.as_view(parser_classes=[Other]), APIView.as_view(), lambda request: None)
    assert check_parsers() == []


def test_a_default_of_drf_is_named_with_the_setting_to_paste(settings):
    settings.REST_FRAMEWORK = {
        **settings.REST_FRAMEWORK,
        "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser", "django_apierrors.parsers.FormParser"],
    }
    (message,) = check_parsers()
    assert message.id == "django_apierrors.W020"
    assert message.msg.startswith("DEFAULT_PARSER_CLASSES has rest_framework.parsers.JSONParser: ")
    assert message.hint == (
        "Set DEFAULT_PARSER_CLASSES = ['django_apierrors.parsers.JSONParser', 'django_apierrors.parsers.FormParser', "
        "'django_apierrors.parsers.MultiPartParser']."
    )


def test_a_view_with_a_parser_of_drf_is_named_once(routes):
    routes(OfDrf.as_view(), OfDrf.as_view(), OfOurs.as_view(parser_classes=(drf_parsers.FormParser,)))
    first, second = check_parsers()
    assert "test_checks_parsers.OfDrf.parser_classes has rest_framework.parsers.MultiPartParser: " in first.msg
    assert first.hint == "Use django_apierrors.parsers.MultiPartParser there."
    assert "OfOurs.parser_classes has rest_framework.parsers.FormParser: " in second.msg


def test_a_function_is_named_as_it_is_written(routes):
    @decorators.api_view(["POST"])
    @decorators.parser_classes([drf_parsers.JSONParser])
    def pay(request):
        """Take a payment."""

    routes(pay)
    (message,) = check_parsers()
    assert message.msg.startswith("test_checks_parsers.pay.parser_classes has ")


def test_a_project_without_urls_has_no_views(settings):
    settings.ROOT_URLCONF = None
    assert check_parsers() == []


def test_a_project_whose_errors_are_not_structured_may_have_any_parsers(settings):
    settings.APIERRORS = {**settings.APIERRORS, "FORMATS": {"/": None}}
    settings.REST_FRAMEWORK = {}
    assert check_parsers() == []
