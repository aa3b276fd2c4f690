"""The errors of an operation: by its settings, by declaration, and by the functions that DRF calls for it."""

import functools
import re

import pytest
from django.http import HttpResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from django_filters.rest_framework import DjangoFilterBackend
from django_ratelimit.decorators import ratelimit as original_ratelimit
from rest_framework import (
    authentication,
    filters,
    generics,
    pagination,
    permissions,
    serializers,
    throttling,
    versioning,
    viewsets,
)
from rest_framework.decorators import action, api_view, authentication_classes, permission_classes
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from shop.api_errors import InsufficientBalance
from support.operations import operation_of

from django_apierrors import contract
from django_apierrors.checks.settings import check_settings
from django_apierrors.contract import raises
from django_apierrors.contract.operation import Operation
from django_apierrors.contract.operation_errors import errors_of
from django_apierrors.exceptions import ApiError, ResourceConflict
from django_apierrors.maintenance import maintenance_exempt
from django_apierrors.ratelimit import RatelimitThrottle, ratelimit

ALWAYS = {
    *("INVALID_REQUEST", "REQUEST_MALFORMED", "INTERNAL_SERVER_ERROR", "REQUEST_INTERRUPTED"),
    *("SERVICE_UNAVAILABLE", "MAINTENANCE"),
}
OF_DRF = ALWAYS | {"NOT_ACCEPTABLE"}
BODY = {"PARAM_NOT_FOUND", "VALIDATION_FAILED", "PAYLOAD_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"}
CREDENTIALS = {"AUTH_KEY_NOT_FOUND", "AUTH_KEY_INVALID"}
MISSING = {"RESOURCE_NOT_FOUND", "ENDPOINT_NOT_FOUND"}
POLICIES = {
    "burst": {"key": "ip", "rate": "10/s"},
    "posts": {"key": "ip", "rate": "10/s", "method": "POST"},
    "closed": {"key": "ip", "rate": "10/s", "on_store_error": "closed"},
    "broken": {"key": "ip"},
}


class Open(APIView):
    authentication_classes = []
    permission_classes = [permissions.AllowAny]

    def get(self, request):
        return Response()

    post = put = patch = delete = get


def operation(view, method="GET", path="/api/things/", **initkwargs):
    return operation_of(view.as_view(**initkwargs) if isinstance(view, type) else view, method, path)


def codes(view, method="GET", path="/api/things/", **initkwargs):
    errors = errors_of(operation(view, method, path, **initkwargs))
    assert errors.warnings == ()
    return errors.codes


def further(**attributes):
    """Return the codes that a view has more than one without anything."""
    method = attributes.pop("method", "GET")
    path = attributes.pop("path", "/api/things/")
    view = type("Changed", (attributes.pop("base", Open),), attributes)
    return codes(view, method, path) - OF_DRF


class Denies(permissions.BasePermission):
    code = "account_locked"


class Declares(permissions.BasePermission):
    raises = [InsufficientBalance]


class Raising(permissions.BasePermission):
    def has_permission(self, request, view):
        raise ApiError("GONE")


class OwnPages(pagination.PageNumberPagination):
    page_size = 10


class Anonymous(throttling.AnonRateThrottle):
    rate = "10/m"


class Unlimited(Anonymous):
    rate = None


class Scoped(throttling.ScopedRateThrottle):
    THROTTLE_RATES = {"x": "1/s"}


class Lines(generics.ListAPIView):
    """A list without anything else."""

    authentication_classes = []
    permission_classes = [permissions.AllowAny]
    serializer_class = serializers.Serializer


def test_what_every_operation_may_answer():
    assert codes(Open) == OF_DRF
    assert codes(lambda request: HttpResponse()) == ALWAYS


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"method": "POST"}, BODY | {"READ_ONLY"}),
        ({"method": "DELETE"}, {"READ_ONLY", "RESOURCE_CONFLICT"}),
        ({"path": "/api/things/{id}/"}, MISSING),
        ({"authentication_classes": [authentication.TokenAuthentication]}, CREDENTIALS),
        ({"authentication_classes": [authentication.SessionAuthentication]}, CREDENTIALS),
        (
            {"authentication_classes": [authentication.SessionAuthentication], "method": "DELETE"},
            {*CREDENTIALS, "CSRF_FAILED", "READ_ONLY", "RESOURCE_CONFLICT"},
        ),
        ({"permission_classes": [permissions.IsAuthenticated]}, {"PERMISSION_DENIED"}),
        (
            {
                "permission_classes": [permissions.IsAuthenticated],
                "authentication_classes": [authentication.BasicAuthentication],
            },
            CREDENTIALS,
        ),
        ({"permission_classes": [permissions.AllowAny & ~permissions.IsAdminUser]}, {"PERMISSION_DENIED"}),
        ({"permission_classes": [permissions.AllowAny | permissions.AllowAny]}, set()),
        (
            {
                "permission_classes": [~permissions.IsAuthenticated],
                "authentication_classes": [authentication.BasicAuthentication],
            },
            CREDENTIALS | {"PERMISSION_DENIED"},
        ),
        ({"permission_classes": [Denies]}, {"PERMISSION_DENIED", "ACCOUNT_LOCKED"}),
        ({"permission_classes": [Declares]}, {"PERMISSION_DENIED", "INSUFFICIENT_BALANCE"}),
        ({"permission_classes": [Raising]}, {"PERMISSION_DENIED", "GONE"}),
        ({"throttle_classes": [Anonymous]}, {"RATE_TOO_HIGH"}),
        ({"throttle_classes": [Unlimited]}, set()),
        ({"throttle_classes": [Scoped]}, set()),
        ({"throttle_classes": [Scoped], "throttle_scope": "x"}, {"RATE_TOO_HIGH"}),
        ({"throttle_classes": [RatelimitThrottle]}, set()),
        ({"throttle_classes": [RatelimitThrottle], "throttle_scope": "burst"}, {"RATE_TOO_HIGH"}),
        ({"throttle_classes": [RatelimitThrottle.of("posts")]}, set()),
        ({"throttle_classes": [RatelimitThrottle.of("closed")]}, {"RATE_TOO_HIGH", "RATE_LIMITER_UNAVAILABLE"}),
        ({"throttle_classes": [RatelimitThrottle.of("broken")]}, set()),
        ({"versioning_class": versioning.QueryParameterVersioning}, {"RESOURCE_NOT_FOUND"}),
        ({"versioning_class": versioning.NamespaceVersioning}, set()),
        ({"base": Lines, "pagination_class": OwnPages}, {"RESOURCE_NOT_FOUND"}),
        ({"base": Lines, "pagination_class": pagination.LimitOffsetPagination}, set()),
        ({"base": Lines, "filter_backends": [filters.OrderingFilter]}, set()),
        ({"base": Lines, "filter_backends": [DjangoFilterBackend]}, {"VALIDATION_FAILED", "PARAM_NOT_FOUND"}),
        ({"base": generics.CreateAPIView, "filter_backends": [DjangoFilterBackend], "serializer_class": None,
          "authentication_classes": []}, set()),
        ({"raises": ["gone", ResourceConflict]}, {"GONE", "RESOURCE_CONFLICT"}),
        ({"raises": ApiError("GONE", status=404)}, {"GONE"}),
    ],
)  # fmt: skip
def test_what_follows_from_settings(attributes, expected, settings):
    settings.APIERRORS = {**settings.APIERRORS, "RATELIMIT": {"POLICIES": POLICIES}}
    assert further(**attributes) == expected


def test_the_status_that_drf_gives_where_nobody_challenges(settings):
    settings.APIERRORS = {"UNAUTHENTICATED": "drf"}
    session = type("Session", (Open,), {"authentication_classes": [authentication.SessionAuthentication]})
    token = type("Token", (Open,), {"authentication_classes": [authentication.TokenAuthentication]})
    assert {*errors_of(operation(session)).by_status()[403]} == CREDENTIALS
    assert {*errors_of(operation(token)).by_status()[401]} == CREDENTIALS

    class Failing(authentication.BaseAuthentication):
        def authenticate_header(self, request):
            raise KeyError("host")

    failing = errors_of(operation(type("View", (Open,), {"authentication_classes": [Failing]})))
    assert {*failing.by_status()[401]} == CREDENTIALS
    assert "authenticate_header() failed: KeyError('host')" in failing.warnings[0]


def test_limits_of_decorators_and_of_all_paths(settings):
    named = {"POLICIES": POLICIES, "GLOBAL": ["posts"], "EXEMPT_PATHS": ["/api/free/"]}
    settings.APIERRORS = {**settings.APIERRORS, "RATELIMIT": named}
    limited = ratelimit(policy="closed")(lambda request: HttpResponse())
    assert codes(limited) - ALWAYS == {"RATE_TOO_HIGH", "RATE_LIMITER_UNAVAILABLE"}
    assert codes(ratelimit(policy="closed", block=False)(lambda request: HttpResponse())) == ALWAYS
    assert codes(ratelimit(key="ip", rate="1/s", method="POST")(lambda request: HttpResponse())) == ALWAYS
    assert codes(original_ratelimit(key="ip", rate="1/s")(lambda request: HttpResponse())) - ALWAYS == {"RATE_TOO_HIGH"}
    assert codes(original_ratelimit(key="ip", rate="1/s", block=False)(lambda request: HttpResponse())) == ALWAYS
    dispatch = method_decorator(ratelimit(key="ip", rate="1/s"), name="dispatch")
    assert codes(dispatch(type("Limited", (Open,), {}))) - OF_DRF == {"RATE_TOO_HIGH"}
    assert "RATE_TOO_HIGH" in codes(Open, "POST")
    assert "RATE_TOO_HIGH" not in codes(Open, "POST", "/api/free/")


def test_what_maintenance_does_not_refuse(settings):
    settings.APIERRORS = {"MAINTENANCE": {"EXEMPT_PATHS": ["/api/livez"]}}
    assert ALWAYS - codes(maintenance_exempt(lambda request: HttpResponse())) == {"MAINTENANCE"}
    assert OF_DRF - codes(maintenance_exempt(type("Exempt", (Open,), {}))) == {"MAINTENANCE"}
    assert OF_DRF - codes(Open, path="/api/livez") == {"MAINTENANCE"}


def test_views_of_django_are_checked_for_csrf(settings):
    class Page(View):
        size = 1

        def post(self, request):
            raise ApiError("GONE")

    assert codes(Page, "POST", size=2) - ALWAYS == {"READ_ONLY", "CSRF_FAILED", "GONE"}
    assert codes(csrf_exempt(lambda request: HttpResponse()), "POST") - ALWAYS == {"READ_ONLY"}
    settings.MIDDLEWARE = []
    assert codes(Page, "POST") - ALWAYS == {"READ_ONLY", "GONE"}


# Functions that DRF calls


class Line(serializers.Serializer):
    raises = ["GONE"]
    total = serializers.SerializerMethodField()
    other = serializers.SerializerMethodField(method_name="other_total")

    def validate_total(self, value):
        raise InsufficientBalance(params={}, details={})

    def get_total(self, line):
        raise ApiError("BAD_GATEWAY")

    def other_total(self, line):
        raise ApiError("GATEWAY_TIMEOUT")


def refuse(value):
    raise ApiError("PRECONDITION_FAILED")


class Refuse:
    def __call__(self, value):
        raise ApiError("IDEMPOTENCY_KEY_MISSING")


class Money(serializers.Field):
    def to_internal_value(self, data):
        raise ApiError("UNPROCESSABLE_REQUEST")


class Order(serializers.Serializer):
    lines = Line(many=True)
    first = Line()
    names = serializers.ListField(child=serializers.CharField(validators=[refuse]))
    price = Money(validators=[Refuse(), int, "no validator"])

    def create(self, validated_data):
        raise ResourceConflict


Order._declared_fields["again"] = Order()


class Parser(JSONParser):
    def parse(self, stream, media_type=None, parser_context=None):
        raise ApiError("ACCOUNT_LOCKED")


class Orders(viewsets.ModelViewSet):
    serializer_class = Order
    authentication_classes = []
    permission_classes = [permissions.AllowAny]
    parser_classes = [Parser]

    def get_queryset(self):
        raise ApiError("BAD_GATEWAY")

    @action(detail=True, methods=["post"], raises=["ACCOUNT_LOCKED"])
    @raises(ResourceConflict)
    def pay(self, request, **kwargs):
        raise ApiError(request.data["code"])

    @action(detail=False)
    def unknown(self, request):
        raise ApiError(request.data["code"])

    raises = ()  # below the decorator of that name


def of_orders(method, actions, path="/api/orders/", **initkwargs):
    return errors_of(operation_of(Orders.as_view(actions, **initkwargs), method, path))


def test_the_functions_of_a_serializer_are_read():
    created = of_orders("POST", {"post": "create"}).codes
    assert created - OF_DRF - BODY == {
        *("READ_ONLY", "GONE", "INSUFFICIENT_BALANCE", "PRECONDITION_FAILED", "IDEMPOTENCY_KEY_MISSING"),
        *("UNPROCESSABLE_REQUEST", "RESOURCE_CONFLICT", "ACCOUNT_LOCKED", "BAD_GATEWAY", "GATEWAY_TIMEOUT"),
    }
    view = type("Reading", (Orders,), {"serializer_class": Line, "get_queryset": None})
    listed = errors_of(operation_of(view.as_view({"get": "list"}), "GET", "/api/orders/")).codes
    assert listed - OF_DRF == {"BAD_GATEWAY", "GATEWAY_TIMEOUT"}


def test_the_method_that_a_mixin_calls_is_read():
    found = of_orders("GET", {"get": "retrieve"}, "/api/orders/{pk}/")
    assert {"BAD_GATEWAY", "RESOURCE_NOT_FOUND"} <= found.codes
    for place in found.places[502, "BAD_GATEWAY"]:
        assert re.fullmatch(r".*test_contract_operations\.py:\d+", place)


class Token(authentication.TokenAuthentication):
    def authenticate_credentials(self, key):
        raise ApiError("GONE")


class ByKey(throttling.SimpleRateThrottle):
    rate = "1/s"

    def get_cache_key(self, request, view):
        raise ApiError("GONE")


class Written(serializers.Serializer):
    def to_representation(self, instance):
        raise ApiError("GONE")

    def validate(self, attrs):
        raise ApiError("BAD_GATEWAY")


class Writing(serializers.Serializer):
    lines = Written(many=True)
    again = Written()

    @property
    def data(self):
        raise ApiError("GATEWAY_TIMEOUT")


class Dispatching(Open):
    def dispatch(self, request, *args, **kwargs):
        raise ApiError("GONE")

    def handle_exception(self, exc):
        raise exc


class OtherMethods(generics.ListCreateAPIView):
    authentication_classes = []
    permission_classes = [permissions.AllowAny]
    serializer_class = serializers.Serializer

    def post(self, request):
        raise ApiError("GONE")

    def perform_create(self, serializer):
        raise ApiError("BAD_GATEWAY")


class Instantiating(Open):
    def get(self, request):
        return Response(Written(request.user, many=True).data)


def found_by_kind(kind, request):
    raise ApiError("GONE")


class ByKind(Open):
    KINDS = {"a": found_by_kind, "b": len}

    def get(self, request):
        return self.KINDS[request.GET["kind"]]("a", request)


def logged(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        print(*args)
        return function(*args, **kwargs)

    return wrapper


def counted(function):
    @functools.wraps(function)
    def wrapper(self, request):
        return function(self, request)

    return wrapper


class Decorated(Open):
    @logged
    def get(self, request):
        return self.work()

    @counted
    def delete(self, request):
        return self.work()

    def work(self):
        raise ApiError("GONE")


Writing._declared_fields["endless"] = Writing()


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"authentication_classes": [Token]}, CREDENTIALS | {"GONE"}),
        ({"throttle_classes": [ByKey]}, {"RATE_TOO_HIGH", "GONE"}),
        ({"base": Dispatching}, {"GONE"}),
        ({"serializer_class": Writing}, {"GONE", "GATEWAY_TIMEOUT"}),
        ({"base": OtherMethods}, set()),
        ({"base": Instantiating}, {"GONE"}),
        ({"base": ByKind}, {"GONE"}),
        ({"base": Decorated}, {"GONE"}),
        ({"base": Decorated, "method": "DELETE"}, {"GONE", "READ_ONLY", "RESOURCE_CONFLICT"}),
    ],
)
def test_what_a_project_overrides_is_read(attributes, expected):
    assert further(**attributes) == expected


def test_declarations_of_an_action_stand_for_what_its_source_does_not_tell():
    paid = of_orders("POST", {"post": "pay"}, "/api/orders/{pk}/pay/", raises=["ACCOUNT_LOCKED"])
    assert paid.warnings == ()
    assert {"RESOURCE_CONFLICT", "ACCOUNT_LOCKED"} <= paid.codes
    unknown = of_orders("GET", {"get": "unknown"})
    assert len(unknown.warnings) == 1
    assert re.search(r"test_contract_operations\.py:\d+: .*declare it with `raises`", unknown.warnings[0])


def test_declarations_stand_on_both_sides_of_api_view():
    @raises("GONE")
    @api_view(["GET"])
    @raises(ResourceConflict)
    def view(request):
        raise ApiError(request.GET["code"])

    assert codes(view) >= {"GONE", "RESOURCE_CONFLICT"}


def test_list_and_decorator_stand_in_one_class_in_any_order():
    class Both(Open):
        raises = ["GONE"]

        @contract.raises("ACCOUNT_LOCKED")
        def get(self, request):
            return Response()

    assert codes(Both) - OF_DRF == {"GONE", "ACCOUNT_LOCKED"}


def test_a_wrong_declaration_is_a_warning():
    errors = errors_of(operation(type("Wrong", (Open,), {"raises": ["GOME"]})))
    assert "the code 'GOME', which is not defined" in errors.warnings[0]


def test_the_setting_is_checked(settings):
    settings.APIERRORS = {"OPENAPI": {"CODES": "ajar", "INFER": 1}}
    assert [message.id for message in check_settings()] == ["django_apierrors.E002"] * 2


def test_nothing_is_read_when_inference_is_off(settings):
    settings.APIERRORS = {"OPENAPI": {"INFER": False}}
    assert of_orders("GET", {"get": "unknown"}).warnings == ()
    paid = of_orders("POST", {"post": "pay"})
    assert "RESOURCE_CONFLICT" in paid.codes
    assert "INSUFFICIENT_BALANCE" not in paid.codes


@pytest.mark.parametrize("name", ["get_permissions", "get_authenticators", "get_throttles"])
def test_a_view_that_needs_a_real_request_is_described_by_its_attributes(name):
    def failing(self):
        raise KeyError("tenant")

    attributes = {"permission_classes": [Raising], "authentication_classes": [authentication.BasicAuthentication]}
    view = type("Failing", (Open,), {**attributes, "throttle_classes": [Anonymous], name: failing})
    errors = errors_of(operation(view))
    assert {"GONE", "RATE_TOO_HIGH", *CREDENTIALS} <= errors.codes
    assert re.search(rf"test_contract_operations\.py:\d+: {name}\(\) failed: KeyError\('tenant'\)", errors.warnings[0])


def test_a_serializer_class_by_a_method():
    def by_action(self):
        return {"create": Order}[self.action]

    attributes = {"serializer_class": Line, "get_serializer_class": by_action, "get_queryset": None}
    view = type("ByAction", (Orders,), attributes)
    created = errors_of(operation_of(view.as_view({"post": "create"}), "POST", "/api/orders/"))
    assert "UNPROCESSABLE_REQUEST" in created.codes
    listed = errors_of(operation_of(view.as_view({"get": "list"}), "GET", "/api/orders/"))
    assert "GATEWAY_TIMEOUT" in listed.codes
    assert "get_serializer_class() failed" in listed.warnings[0]


def test_the_serializer_of_a_view_that_is_not_generic():
    assert further(serializer_class=Line) == {"BAD_GATEWAY", "GATEWAY_TIMEOUT"}


class Endless:
    """Wraps itself without an end."""

    def __init__(self):
        self.__wrapped__ = self


def test_what_wraps_itself_has_an_end():
    assert "no source" in errors_of(Operation("/api/endless/", "GET", callback=Endless())).warnings[0]


def test_a_view_that_is_not_generic_may_choose_its_serializer():
    view = type("Chosen", (Open,), {"get_serializer_class": lambda self: Line})
    assert codes(view) - OF_DRF == {"BAD_GATEWAY", "GATEWAY_TIMEOUT"}


def test_a_handler_in_c_is_a_warning():
    (warning,) = errors_of(Operation("/api/c/", "GET", callback=len)).warnings
    assert warning.startswith("GET /api/c/: builtins.len: it has no source to read")
    (warning,) = errors_of(operation(type("InC", (Open,), {"get": staticmethod(len)}))).warnings
    assert warning.startswith("GET /api/things/ (test_contract_operations.InC): builtins.len: it has no source")
    assert errors_of(Operation("/api/none/", "GET", view=Open())).warnings == ()
    assert errors_of(Operation("/api/none/", "PURGE", view=Open())).warnings == ()


def test_the_format_of_an_operation(settings):
    settings.APIERRORS = {"FORMATS": {"/api/v2/": "problem", "/api/old/": None}}

    def typed(request):
        return HttpResponse()

    typed.error_format = "typed"

    class Acting(viewsets.ViewSet):
        error_format = "result"

        def list(self, request):
            return Response()

        def create(self, request):
            return Response()

        create.error_format = "described"

    formats = [
        operation(Open).format_name,
        operation(Open, path="/api/v2/things/").format_name,
        operation(Open, path="/api/old/things/").format_name,
        operation(typed).format_name,
        operation(type("Named", (Open,), {"error_format": "typed"}), path="/api/v2/").format_name,
        operation(type("Named", (Open,), {"error_format": None}), error_format="oauth2").format_name,
        operation_of(Acting.as_view({"get": "list"}), "GET", "/").format_name,
        operation_of(Acting.as_view({"post": "create"}), "POST", "/").format_name,
    ]
    assert formats == ["nested", "problem", None, "typed", "typed", "oauth2", "result", "described"]


class Told(viewsets.GenericViewSet):
    """Actions that ask for pages, filters and the body by themselves."""

    authentication_classes = []
    permission_classes = [permissions.AllowAny]
    pagination_class = OwnPages
    filter_backends = [DjangoFilterBackend, filters.OrderingFilter]
    queryset = []

    def by_view(self, r):
        page = self.paginate_queryset(self.filter_queryset(self.queryset))
        return self.get_paginated_response(page)

    def by_paginator(self, r):
        return Response(self.paginator.paginate_queryset(self.queryset, r))

    def by_own_paginator(self, r):
        return Response(OwnPages().paginate_queryset(self.queryset, r))

    def by_offset(self, r):
        return Response(pagination.LimitOffsetPagination().paginate_queryset(self.queryset, r))

    def by_backend(self, r):
        return Response(DjangoFilterBackend().filter_queryset(r, self.queryset, self))

    def by_ordering(self, r):
        return Response(filters.OrderingFilter().filter_queryset(r, self.queryset, self))

    def by_nothing(self, r):
        return Response(type(r)().data + [self.kwargs].data)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("by_view", {"RESOURCE_NOT_FOUND", "VALIDATION_FAILED", "PARAM_NOT_FOUND"}),
        ("by_paginator", {"RESOURCE_NOT_FOUND"}),
        ("by_own_paginator", {"RESOURCE_NOT_FOUND"}),
        ("by_offset", set()),
        ("by_backend", {"VALIDATION_FAILED", "PARAM_NOT_FOUND"}),
        ("by_ordering", set()),
        ("by_nothing", set()),
    ],
)
def test_pages_and_filters_that_an_action_asks_for(name, expected):
    found = errors_of(operation_of(Told.as_view({"get": name}), "GET", "/api/told/"))
    assert found.codes - OF_DRF == expected
    without = errors_of(operation_of(Told.as_view({"get": name}, pagination_class=None), "GET", "/api/told/"))
    assert without.codes - OF_DRF == expected - (
        {"RESOURCE_NOT_FOUND"} if name in ("by_view", "by_paginator") else set()
    )


def parsed(source: Request):
    return source.data


def own_data(thing):
    return thing.data


class Reads(Open):
    """``post`` reads the body by the request, ``put`` by the view, ``patch`` by a function; ``delete`` reads none."""

    def post(self, r):
        return Response(len(r.FILES))

    def put(self, r):
        return Response(self.request.POST)

    def patch(self, r):
        return Response(parsed(r))

    def delete(self, r):
        return Response(own_data(r))

    def get(self, r):
        return Response(r.data)


@api_view(["POST"])
@authentication_classes([])
@permission_classes([permissions.AllowAny])
def reading(r):
    return Response(r.data)


class ReadsBody(permissions.BasePermission):
    def has_permission(self, request, view):
        return bool(request.data)


@pytest.mark.parametrize(
    ("view", "method", "expected"),
    [
        (Reads, "POST", BODY),
        (Reads, "PUT", BODY),
        (Reads, "PATCH", BODY),
        (Reads, "DELETE", set()),
        (Reads, "GET", set()),
        (reading, "POST", BODY),
        (type("Denying", (Open,), {"permission_classes": [ReadsBody]}), "DELETE", BODY),
    ],
)
def test_a_body_is_one_that_the_source_reads(view, method, expected, settings):
    def found():
        view_of = operation(view, method)
        view_of.has_body = False  # as where drf-spectacular knows no serializer
        return errors_of(view_of).codes & BODY

    assert found() == expected
    settings.APIERRORS = {"OPENAPI": {"INFER": False}}
    assert found() == set()
