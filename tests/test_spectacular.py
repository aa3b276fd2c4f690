"""The schema that drf-spectacular makes of views, with the errors of each operation."""

import sys
from pathlib import Path

import pytest
from django.urls import path
from django.utils.module_loading import import_string
from rest_framework import generics, serializers

from django_apierrors import codes
from django_apierrors.exceptions import ApiError
from django_apierrors.formats import BUILTIN, Nested

pytest.importorskip("drf_spectacular")

from drf_spectacular.drainage import GENERATOR_STATS, reset_generator_stats
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.settings import spectacular_settings
from drf_spectacular.validation import validate_schema

from django_apierrors.contrib.spectacular import SchemaGenerator as OurGenerator

sys.path.append(str(Path(__file__).parent / "contract"))

OURS = "django_apierrors.contrib.spectacular.AutoSchema"
URLS = "support.spectacular_urls"
pytestmark = pytest.mark.urls(URLS)


@pytest.fixture(autouse=True)
def generator(settings):
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_SCHEMA_CLASS": OURS}
    settings.APIERRORS = {"FORMATS": {"/api/v2/": "problem", "/api/old/": None}}
    reset_generator_stats()


def schema(urlconf=URLS, **options):
    return SchemaGenerator(urlconf=urlconf, **options).get_schema(request=None, public=True)


def responses(document, address, method="get"):
    return {
        status: response.get("$ref", "").rpartition("/")[2]
        for status, response in document["paths"][address][method]["responses"].items()
    }


def test_each_operation_has_its_errors_in_the_format_of_its_path(capsys):
    document = schema()
    validate_schema(document)
    assert responses(document, "/api/v1/items/") == {
        "200": "",
        "400": "Nested400",
        "406": "Nested406",
        "410": "Nested410Gone",
        "500": "Nested500",
        "503": "Nested503",
    }
    created = responses(document, "/api/v2/items/", "post")
    assert created["400"] == "Problem400Validation"
    assert {"413", "415"} <= created.keys()
    assert created["503"] == "Problem503ReadOnly"
    assert responses(document, "/api/old/items/").keys() == {"200"}
    assert "/api/v1/excluded/" not in document["paths"]


def test_what_was_written_by_hand_stays(capsys):
    document = schema()
    content = document["paths"]["/api/v1/items/{id}/"]["get"]["responses"]["404"]["content"]
    assert content["application/json"]["schema"] == {"$ref": "#/components/schemas/Item"}


def test_a_mark_on_what_the_urlconf_holds_counts(capsys):
    assert responses(schema(), "/api/v1/exempt/")["503"] == "Nested503OnlyRequestInterruptedServiceUnavailable"


MARKED = "support.marked_urls"
WITHOUT_MAINTENANCE = "Nested503OnlyRequestInterruptedServiceUnavailable"


@pytest.mark.parametrize("served", ["root", "name", "list"])
def test_marks_count_in_every_urlconf_that_settings_name(served, settings, capsys):
    with pytest.MonkeyPatch.context() as patch:
        if served == "root":
            settings.ROOT_URLCONF = MARKED
        else:
            named = MARKED if served == "name" else [MARKED, ()]
            patch.setattr(spectacular_settings, "SERVE_URLCONF", named)
        document = schema(MARKED)
    assert "429" in responses(document, "/api/limited/")
    assert "429" in responses(document, "/api/replaced/")
    assert responses(document, "/api/free/")["503"] == WITHOUT_MAINTENANCE
    assert "DEFAULT_GENERATOR_CLASS" not in capsys.readouterr().err


@pytest.mark.parametrize("by", ["urlconf", "patterns"])
def test_marks_in_another_urlconf_need_the_generator_and_a_warning_says_so(by, capsys):
    given = {"urlconf": MARKED} if by == "urlconf" else {"patterns": import_string(f"{MARKED}.urlpatterns")}
    generators = {cls: cls(**given).get_schema(request=None, public=True) for cls in (SchemaGenerator, OurGenerator)}
    for address, status in (("limited", "429"), ("replaced", "429")):
        assert status not in responses(generators[SchemaGenerator], f"/api/{address}/")
        assert status in responses(generators[OurGenerator], f"/api/{address}/")
    assert responses(generators[SchemaGenerator], "/api/free/")["503"] == "Nested503"
    assert responses(generators[OurGenerator], "/api/free/")["503"] == WITHOUT_MAINTENANCE
    told = capsys.readouterr().err
    assert told.count("DEFAULT_GENERATOR_CLASS") == 1
    assert "contrib.spectacular.SchemaGenerator" in told


def test_a_body_without_a_serializer_is_one_that_the_source_reads(capsys):
    from rest_framework.response import Response
    from rest_framework.views import APIView

    class Plain(APIView):
        def post(self, r):
            return Response(len(r.data))

        def put(self, r):
            return Response()

    document = schema(urlconf=None, patterns=[path("api/plain/", Plain.as_view())])
    assert {"413", "415"} <= responses(document, "/api/plain/", "post").keys()
    assert {"413", "415"}.isdisjoint(responses(document, "/api/plain/", "put"))


def test_a_warning_names_the_place_and_nothing_fails(capsys):
    document = schema()
    told = capsys.readouterr().err
    assert "get_permissions() failed: KeyError" in told
    assert told.count("spectacular_urls.py:") >= 2
    assert "declare it with `raises`" in told
    assert responses(document, "/api/failing/")["403"] == "Nested403PermissionDenied"
    assert GENERATOR_STATS


def test_a_format_that_cannot_be_used_is_a_warning(settings, capsys):
    settings.APIERRORS = {"FORMATS": {"/api/v1/exempt/": "no.such.Format"}}
    assert responses(schema(), "/api/v1/exempt/").keys() == {"200"}
    assert "the errors of GET /api/v1/exempt/" in capsys.readouterr().err


def test_a_view_that_cannot_be_described_is_a_warning(capsys):
    from rest_framework.views import APIView

    class Odd(APIView):
        authentication_classes = []
        serializer_class = import_string(f"{URLS}.Item")
        maintenance_exempt = property(lambda self: {}["no such key"])

        def get(self, request):
            """Answer nothing."""

    document = schema(urlconf=None, patterns=[path("api/odd/", Odd.as_view())])
    assert responses(document, "/api/odd/").keys() == {"200"}
    assert "KeyError('no such key')" in capsys.readouterr().err


class VaultShutErrorDetailsSerializer(serializers.Serializer):
    history = serializers.CharField()


class Problem(Nested):
    """Named as one of ours."""


def test_components_of_others_stay_and_formats_of_one_name_are_two(settings, capsys, monkeypatch):
    monkeypatch.setattr(codes, "registry", dict(codes.registry))
    codes.register(codes.ErrorDefinition(code="VAULT_SHUT", status=423, title="T", message="M", details={"until": "x"}))

    class Locks(generics.GenericAPIView):
        serializer_class = VaultShutErrorDetailsSerializer

        def get(self, request):
            raise ApiError("VAULT_SHUT")

    settings.APIERRORS = {"FORMATS": {"/api/a/": "problem", "/api/b/": f"{__name__}.Problem"}}
    document = schema(urlconf=None, patterns=[path(f"api/{name}/", Locks.as_view()) for name in "ab"])
    validate_schema(document)
    schemas = document["components"]["schemas"]
    assert schemas["VaultShutErrorDetails"]["properties"].keys() == {"history"}
    assert schemas["VaultShutErrorDetails_"]["properties"].keys() == {"until"}
    assert [responses(document, f"/api/{name}/")["500"] for name in "ab"] == ["Problem500", "Problem_500"]
    assert "application/problem+json" not in document["components"]["responses"]["Problem_500"]["content"]


def test_version_31_has_null_as_a_type(settings):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spectacular_settings, "OAS_VERSION", "3.1.1")
        document = schema()
    validate_schema(document)
    nullable = document["components"]["schemas"]["Problem400"]["properties"]["request_id"]["type"]
    assert nullable == ["string", "null"]


ALL = [(name, mode) for name in BUILTIN for mode in ("open", "closed")]


@pytest.mark.parametrize(
    ("format_", "mode"),
    [("nested", "open"), ("problem", "open"), *(pytest.param(*each, marks=pytest.mark.exhaustive) for each in ALL)],
)
def test_an_api_of_84_operations_stays_small(format_, mode, settings, capsys):
    from drf_spectacular.renderers import OpenApiYamlRenderer

    settings.APIERRORS = {"FORMAT": format_, "OPENAPI": {"CODES": mode}}
    settings.ROOT_URLCONF = "synthetic_urls"
    sizes = []
    for name in ("drf_spectacular.openapi.AutoSchema", OURS):
        settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_SCHEMA_CLASS": name}
        document = schema("synthetic_urls")
        text = OpenApiYamlRenderer().render(document, renderer_context={})
        sizes.append((len(str(document).replace(", ", ",").replace(": ", ":")), len(text)))
    validate_schema(document)
    assert sum(len(methods) for methods in document["paths"].values()) == 84
    (bare, bare_text), (full, full_text) = sizes
    # Every reference names the format: the longest name costs a little more than the aim.
    assert full - bare <= 16_000 + 84 * 500 + (1_600 if format_ == "standardized" else 0)
    assert full / bare <= 2.1
    assert full_text / bare_text <= 2.1
    assert capsys.readouterr().err == ""
