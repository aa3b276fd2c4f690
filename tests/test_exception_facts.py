"""Where an error came from decides what it may say, and where the value at fault stood."""

from types import SimpleNamespace

import pytest
from django import forms
from django.http import Http404, QueryDict
from django.urls import include, path
from rest_framework import filters, generics, pagination, serializers, versioning
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.response import Response
from rest_framework.views import APIView
from shop.models import Account

from django_apierrors.exceptions import ApiError, ParamNotFound
from django_apierrors.testing import assert_api_error, override_error

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]
HIDDEN = "The requested resource was not found."


class Numbered(serializers.ModelSerializer):
    class Meta:
        model = Account
        fields = ["number"]


class Pages(pagination.PageNumberPagination):
    page_size = 1


class Cursors(pagination.CursorPagination):
    page_size = 1
    ordering = "pk"


class OneVersion(versioning.QueryParameterVersioning):
    allowed_versions = ["1"]
    default_version = "1"


class AcceptedVersion(versioning.AcceptHeaderVersioning):
    allowed_versions = ["1"]
    default_version = "1"


class Strict(filters.BaseFilterBackend):
    """A filter of a project: it refuses what it does not know."""

    def filter_queryset(self, request, queryset, view):
        if "odd" in request.query_params:
            raise ValidationError({"odd": ["Unknown."]})
        if "gone" in request.query_params:
            raise NotFound("Group 7 of secrets is gone.")
        return queryset


class Ends(forms.MultiWidget):
    """A widget as django-filter's for ranges: each end is a parameter of its own."""

    def __init__(self, *suffixes):
        self.suffixes = suffixes
        super().__init__([forms.TextInput, forms.TextInput])

    def suffixed(self, name, suffix):
        return f"{name}_{suffix}"

    def value_from_datadict(self, data, files, name):
        return [data.get(self.suffixed(name, suffix)) for suffix in self.suffixes]


class Range(forms.MultiValueField):
    def __init__(self, parts, *suffixes):
        parts = [part(required=False) for part in parts]
        super().__init__(parts, widget=Ends(*suffixes), required=False, require_all_fields=False)

    def compress(self, values):
        return values


class RangeForm(forms.Form):
    size = Range([forms.DecimalField] * 2, "min", "max")
    day = Range([forms.DateField] * 2, "after", "before")
    mixed = Range([forms.IntegerField, forms.DateField], "number", "day")
    exact = forms.IntegerField(required=False)

    def clean_size(self):
        low, high = self.cleaned_data["size"] or (None, None)
        if None not in (low, high) and low > high:
            raise forms.ValidationError("The ends are swapped.")


class Ranged(filters.BaseFilterBackend):
    """A backend as django-filter's: it keeps its form where it raises."""

    prefix = None

    def filter_queryset(self, request, queryset, view):
        filterset = SimpleNamespace(form=RangeForm(request.query_params, prefix=self.prefix))
        raise ValidationError(filterset.form.errors)


class Prefixed(Ranged):
    prefix = "of"

    def filter_queryset(self, request, queryset, view):
        filterset = None  # as where a view has none of its own
        return super().filter_queryset(request, filterset or queryset, view)


class Accounts(generics.ListCreateAPIView):
    queryset = Account.objects.order_by("pk")
    serializer_class = Numbered
    pagination_class = Pages
    versioning_class = OneVersion
    filter_backends = [Strict]

    def delete(self, request):
        self.filter_queryset(self.get_queryset())


class Days(serializers.Serializer):
    days = serializers.IntegerField()


QUERIES = {
    "same": lambda request: request.query_params,
    "copy": lambda request: request.query_params.copy(),
    "dict": lambda request: request.query_params.dict(),
    "other": lambda request: QueryDict("days=y"),
    "list": lambda request: [request.query_params],
    "body": lambda request: request.data,
    "body_copy": lambda request: dict(request.data),
}


class Asked(APIView):
    kind = ""

    def post(self, request):
        serializer = Days(data=QUERIES[self.kind](request), many=self.kind == "list")
        if "returned" in request.query_params:
            serializer.is_valid()
            return Response({"errors": serializer.errors}, status=400)
        serializer.is_valid(raise_exception=True)

    put = delete = get = post


urlpatterns = [
    path("", include("urls")),
    path("api/accounts", Accounts.as_view()),
    path("api/ranged", Accounts.as_view(filter_backends=[Ranged])),
    path("api/prefixed", Accounts.as_view(filter_backends=[Prefixed])),
    path("api/cursors", Accounts.as_view(pagination_class=Cursors)),
    path("api/accepted", Accounts.as_view(versioning_class=AcceptedVersion)),
    *(path(f"api/{kind}", Asked.as_view(kind=kind)) for kind in QUERIES),
]


@pytest.mark.parametrize(
    ("url", "accept", "status", "message"),
    [
        ("/api/accounts?page=9", "*/*", 404, "Invalid page."),
        ("/api/accounts?page=x", "*/*", 404, "Invalid page."),
        ("/api/cursors?cursor=x", "*/*", 404, "Invalid cursor"),
        ("/api/accounts?version=2", "*/*", 404, "Invalid version in query parameter."),
        ("/api/accepted", "application/json; version=2", 406, 'Invalid version in "Accept" header.'),
        ("/api/accounts?format=zzz", "*/*", 404, "This endpoint is not available in the requested format."),
        ("/api/accounts?gone=1", "*/*", 404, HIDDEN),
    ],
)
def test_a_page_a_version_and_a_format_say_what_is_wrong(url, accept, status, message, api):
    response = api.get(url, headers={"Accept": accept})
    assert_api_error(response, "RESOURCE_NOT_FOUND" if status == 404 else "NOT_ACCEPTABLE", status, message=message)


def test_an_edited_text_outranks_them(api):
    with override_error("RESOURCE_NOT_FOUND", message="Not here."):
        assert_api_error(api.get("/api/accounts?page=9"), "RESOURCE_NOT_FOUND", message="Not here.")


@pytest.mark.parametrize("exc", [NotFound("Group 7"), Http404("No Group matches"), NotFound(), ApiError(status=404)])
def test_every_other_404_says_nothing_of_its_own(exc, api, set_view):
    set_view(exc)
    for url in ("/api/drf", "/api/plain"):
        assert_api_error(api.get(url), "RESOURCE_NOT_FOUND", message=HIDDEN)


@pytest.fixture
def places(settings):
    """What the errors of an answer say of their places, as the problem format writes them."""
    settings.APIERRORS = {"STRICT": True, "FORMAT": "problem"}

    def of(response):
        return [error.get("parameter") or error["pointer"] for error in response.json()["errors"]]

    return of


@pytest.mark.parametrize("method", ["get", "post", "put", "delete"])
@pytest.mark.parametrize("kind", ["same", "copy", "dict"])
@pytest.mark.parametrize("more", ["", "&returned=1"])
def test_a_serializer_of_the_query_string_names_query_parameters(method, kind, more, api, places):
    assert places(getattr(api, method)(f"/api/{kind}?days=x{more}")) == ["days"]


def test_a_query_parameter_that_is_missing_is_one_too(api, places):
    assert places(api.delete("/api/same")) == ["days"]


@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded"])
def test_a_member_of_the_body_stays_one(content_type, api, places):
    data = "days=x" if "form" in content_type else '{"days": "x"}'
    assert places(api.generic("POST", "/api/body?page=2", data, content_type)) == ["#/days"]
    assert places(api.generic("POST", "/api/other?page=2", data, content_type)) == ["#/days"]
    assert places(api.generic("POST", "/api/body", "", content_type)) == ["#/days"]


def test_the_form_of_a_request_is_no_query_though_both_say_the_same(api, places):
    assert places(api.generic("POST", "/api/body?days=x", "days=x", "application/x-www-form-urlencoded")) == ["#/days"]


@pytest.mark.parametrize("sent", ["x", "seven"])
def test_a_json_body_is_no_query_though_both_say_the_same(sent, api, places):
    for kind, place in [("body", "#/days"), ("body_copy", "#/days"), ("same", "days"), ("list", "0.days")]:
        assert places(api.post(f"/api/{kind}?days={sent}", {"days": sent}, "application/json")) == [place]


def test_the_body_of_a_get_is_no_query(api, places):
    for query in ("", "?days=x"):
        assert places(api.generic("GET", f"/api/body{query}", '{"days": "x"}', "application/json")) == ["#/days"]
    assert places(api.get("/api/body")) == ["days"]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("size_min=x", ["size_min"]),
        ("size_max=x", ["size_max"]),
        ("size_min=5&size_max=x", ["size_max"]),
        ("size_min=5&size_max=2", ["size_min"]),
        ("mixed_number=x&mixed_day=y", ["mixed_number", "mixed_day"]),
        ("day_after=x", ["day_after"]),
        ("day_after=2020-01-01&day_before=x&exact=y", ["day_before", "exact"]),
    ],
)
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_filter_names_the_parameter_that_was_sent(query, named, method, api, places):
    assert places(api.generic(method, f"/api/ranged?{query}")) == named
    prefixed = "&".join(f"of-{part}" for part in query.split("&"))
    assert places(api.generic(method, f"/api/prefixed?{prefixed}")) == [f"of-{name}" for name in named]


def test_a_filter_of_the_project_is_about_the_query_string(api, places):
    assert places(api.delete("/api/accounts?odd=1")) == ["odd"]


def test_an_own_error_says_it_or_the_method_does(api, set_view, places):
    for given, method, place in [
        (None, "get", "days"),
        (None, "post", "#/days"),
        (True, "post", "days"),
        (False, "get", "#/days"),
    ]:
        for exc in (ParamNotFound("days", in_query=given), ApiError("VALIDATION_FAILED", param="days", in_query=given)):
            set_view(exc)
            assert places(getattr(api, method)("/api/drf")) == [place]
