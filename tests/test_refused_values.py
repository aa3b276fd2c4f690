"""Values that arithmetic, a calendar or the database refuses: the client's inside DRF and django-filter, else a bug."""

import datetime
import decimal
import logging
import sqlite3

import pytest
from django import db
from django.contrib.auth.models import User
from django.core.signals import got_request_exception
from django.db import connection
from django.db.models.expressions import RawSQL
from django.urls import path
from rest_framework import filters, generics, pagination, permissions, serializers
from rest_framework.authentication import BasicAuthentication
from rest_framework.generics import get_object_or_404
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView
from shop.models import Account, Payment

from django_apierrors.handlers import handler400, handler403, handler404, handler500
from django_apierrors.testing import assert_api_error

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]
IS_SQLITE = connection.vendor == "sqlite"
HUGE = "9" * 30


class ByQuery(filters.BaseFilterBackend):
    """Filters as django-filter does, which leaves the values to lookups."""

    def filter_queryset(self, request, queryset, view):
        query = request.query_params
        if "year" in query:
            queryset = queryset.filter(date_joined__year=int(query["year"]))
        if "ids" in query:
            queryset = queryset.filter(pk__in=[int(text) for text in query["ids"].split(",")])
        if "first_day_of" in query:
            queryset = queryset.filter(date_joined=datetime.date(int(query["first_day_of"]), 1, 1))
        return queryset


class Trusting(serializers.Field):
    def to_internal_value(self, data):
        return data

    def to_representation(self, value):
        return str(value)


class UserSerializer(serializers.ModelSerializer):
    class Meta:
        model = User
        fields = ["username", "date_joined"]


class Pages(pagination.LimitOffsetPagination):
    default_limit = 5


class Users(generics.ListAPIView):
    queryset = User.objects.order_by("pk")
    serializer_class = UserSerializer
    filter_backends = [ByQuery]
    filterset_fields = None


class Calculating(Trusting):
    def to_internal_value(self, data):
        return decimal.Decimal(data).quantize(decimal.Decimal("0.01"))


class Telling(Trusting):
    def to_representation(self, value):
        raise ValueError(value)


class AmountSerializer(serializers.Serializer):
    # Without max_digits nothing stops a number that the context cannot hold.
    amount = serializers.DecimalField(max_digits=None, decimal_places=2, required=False)
    own = Calculating(required=False)
    telling = Telling(required=False)


class AccountSerializer(serializers.ModelSerializer):
    number = Trusting()

    class Meta:
        model = Account
        fields = ["number"]


class Amounts(APIView):
    def post(self, request):
        serializer = AmountSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        return Response(serializer.data)


class Calendar:
    @staticmethod
    def list():
        return datetime.date(0, 1, 1)


class Own(APIView):
    """The same in the project's own code."""

    def post(self, request):
        value = int(request.data["value"])
        {
            "date": lambda: datetime.date(value, 1, 1),
            "decimal": lambda: decimal.Decimal(value).quantize(decimal.Decimal("0.01")),
            "division": lambda: decimal.Decimal(1) / (value - value),
            "text": lambda: b"\xff".decode(),
            "statement": lambda: list(User.objects.filter(pk__in=[value])),
            "lookup": lambda: list(User.objects.filter(date_joined__year=value)),
            "serializer": lambda: UserSerializer(User.objects.filter(date_joined__year=value), many=True).data,
            "syntax": wrong_statement,
            "list": Calendar.list,
            "page": lambda: list(User.objects.all()[:value]),
        }[request.data["what"]]()


class OwnPermission(permissions.BasePermission):
    def has_object_permission(self, request, view, obj):
        return User.objects.filter(pk__in=[int(HUGE)]).exists()


class GuardedUser(generics.RetrieveAPIView):
    queryset = User.objects.all()
    serializer_class = UserSerializer
    permission_classes = [OwnPermission]


class OwnUsers(Users):
    """The queryset is the project's, and what it refuses its bug."""

    def get_queryset(self):
        what = self.kwargs["what"]
        if what == "at-once":
            return list(User.objects.filter(pk__in=[int(HUGE)]))
        return User.objects.filter(date_joined__year=0) if what == "year" else User.objects.filter(pk__in=[int(HUGE)])


class PaymentSerializer(serializers.ModelSerializer):
    class Meta:
        model = Payment
        fields = []


class Saving(generics.CreateAPIView):
    serializer_class = PaymentSerializer

    def perform_create(self, serializer):
        serializer.save(account="nobody")  # must be an instance


class OneUser(APIView):
    def get(self, request, number):
        # DRF's own shortcut is a lookup wherever it stands.
        return Response(get_object_or_404(User.objects.filter(pk__in=[number])).pk)


def wrong_statement():
    raise db.ProgrammingError(1064, "You have an error in your SQL syntax")


def raw(sql, params=()):
    return User.objects.annotate(value=RawSQL(sql, params)).filter(value__gt=0).order_by("pk")


class Credentials(APIView):
    authentication_classes = [BasicAuthentication]

    def get(self, request):
        return Response()


class RefusingBackend:
    """Raises what a driver says of a value."""

    def authenticate(self, request, username=None, password=None):
        error = sqlite3.DataError("string or blob too big")
        error.sqlite_errorcode = 18
        raise db.DataError("string or blob too big") from error


urlpatterns = [
    path("api/users", Users.as_view()),
    path("api/pages", Users.as_view(pagination_class=Pages)),
    path("api/endless", Users.as_view(pagination_class=type("Endless", (Pages,), {"default_limit": int(HUGE)}))),
    path("api/sums", Users.as_view(queryset=raw("abs(%s)", [-(2**63)]))),
    path("api/computed", Users.as_view(queryset=raw("abs(%s - 1)", [1 - 2**63]))),
    path("api/users/<int:number>", OneUser.as_view()),
    path("api/guarded/<int:pk>", GuardedUser.as_view()),
    path("api/own-users/<what>", OwnUsers.as_view(filter_backends=[])),
    path("api/saving", Saving.as_view()),
    path("api/accounts", generics.CreateAPIView.as_view(serializer_class=AccountSerializer)),
    path("api/amounts", Amounts.as_view()),
    path("api/own", Own.as_view()),
    path("api/credentials", Credentials.as_view()),
]


@pytest.fixture
def answered(caplog):
    """Check that an answer is a 400 with one WARNING and its traceback, or a crash with one signal."""
    signals = []

    def receive(sender, **kwargs):
        signals.append(sender)

    def check(response, *, as_bug=False):
        warnings = [record for record in caplog.records if record.name == "django_apierrors.client_errors"]
        assert_api_error(response, "INTERNAL_SERVER_ERROR" if as_bug else "INVALID_REQUEST")
        assert len(signals) == as_bug
        assert [record.levelno for record in warnings] == [] if as_bug else [logging.WARNING]
        assert all(record.exc_info[1].__traceback__ for record in warnings)

    got_request_exception.connect(receive)
    yield check
    got_request_exception.disconnect(receive)


@pytest.mark.parametrize("base", ["users", "pages"])
@pytest.mark.parametrize("query", ["year=0", "year=10000", "year=" + HUGE])
def test_a_year_that_no_calendar_has_is_the_clients_in_a_lookup(base, query, api, answered):
    answered(api.get(f"/api/{base}?{query}"))


@pytest.mark.skipif(not IS_SQLITE, reason="Other databases compare numbers of any size.")
@pytest.mark.parametrize("url", ["/api/users?ids=1," + HUGE, "/api/pages?ids=" + HUGE, "/api/users/" + HUGE])
def test_a_number_that_the_driver_refuses_is_the_clients_in_a_filter_and_a_lookup(url, api, answered):
    answered(api.get(url))


@pytest.mark.skipif(connection.vendor == "mysql", reason="It is asked of both drivers in test_services_databases.")
def test_a_page_beyond_64_bits_is_the_clients_in_a_paginator(api, answered):
    User.objects.create(username="one")
    answered(api.get("/api/pages?limit=" + HUGE))


def test_a_page_size_of_the_projects_own_is_a_bug(api, answered):
    User.objects.create(username="one")
    answered(api.get("/api/endless"), as_bug=True)


def test_a_decimal_of_900_digits_is_the_clients_in_a_field(api, answered):
    answered(api.post("/api/amounts", {"amount": "9" * 900}, content_type="application/json"))


@pytest.mark.parametrize(
    ("url", "body"),
    [
        ("/api/amounts", {"own": "9" * 900}),
        ("/api/amounts", {"telling": "x"}),
        ("/api/own", {"what": "date", "value": 0}),
        ("/api/own", {"what": "decimal", "value": "9" * 900}),
        ("/api/own", {"what": "division", "value": 1}),
        ("/api/own", {"what": "text", "value": 1}),
        ("/api/own", {"what": "lookup", "value": 0}),
        ("/api/own", {"what": "serializer", "value": 0}),
        ("/api/own", {"what": "statement", "value": HUGE}),
        ("/api/own", {"what": "page", "value": HUGE}),
        ("/api/own", {"what": "syntax", "value": 1}),
        ("/api/own", {"what": "list", "value": 1}),
    ],
    ids=str,
)
def test_in_code_of_the_project_it_is_a_bug(url, body, api, answered):
    if body.get("what") == "statement" and not IS_SQLITE:
        pytest.skip("Other databases compare numbers of any size.")
    answered(api.post(url, body, content_type="application/json"), as_bug=True)


@pytest.mark.parametrize("what", ["year", "number", "at-once"])
def test_a_queryset_of_the_projects_own_is_its_bug_whatever_the_query_is(what, api, answered):
    if what != "year" and not IS_SQLITE:
        pytest.skip("Other databases compare numbers of any size.")
    answered(api.get(f"/api/own-users/{what}?utm=1"), as_bug=True)


@pytest.mark.skipif(not IS_SQLITE, reason="Other databases compare numbers of any size.")
def test_a_permission_of_the_projects_own_is_its_bug(api, answered):
    user = User.objects.create(username="one")
    answered(api.get(f"/api/guarded/{user.pk}"), as_bug=True)


def test_what_django_refuses_before_it_saves_is_a_bug(api, answered):
    answered(api.post("/api/saving", {"number": "1"}, content_type="application/json"), as_bug=True)


def test_a_filter_of_the_projects_own_that_computes_is_its_bug(api, answered):
    answered(api.get("/api/users?first_day_of=0"), as_bug=True)


@pytest.mark.skipif(not IS_SQLITE, reason="Other databases store no date that is none.")
@pytest.mark.parametrize("base", ["users", "pages"])
def test_a_stored_value_that_cannot_be_read_is_a_bug(base, api, answered):
    User.objects.create(username="old")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE auth_user SET date_joined = '2020-13-01 00:00:00'")
    answered(api.get(f"/api/{base}?limit=3"), as_bug=True)


@pytest.mark.skipif(not IS_SQLITE, reason="The functions are SQLite's.")
@pytest.mark.parametrize(("url", "as_bug"), [("/api/sums?limit=3", False), ("/api/computed?limit=3", True)])
def test_what_the_sql_of_the_project_computes_is_a_bug(url, as_bug, api, answered):
    User.objects.create(username="one")
    answered(api.get(url), as_bug=as_bug)


def test_credentials_that_a_database_refuses_are_the_clients(api, answered, settings):
    settings.AUTHENTICATION_BACKENDS = [f"{__name__}.RefusingBackend"]
    answered(api.get("/api/credentials", headers={"Authorization": "Basic YTpi"}))


def test_what_save_hands_to_the_driver_is_the_clients(api):
    response = api.post("/api/accounts", r'{"number": "\udfff"}', content_type="application/json")
    assert response.status_code == 400


def test_a_year_that_no_calendar_has_is_the_clients_in_django_filter():
    rest_framework = pytest.importorskip("django_filters.rest_framework")
    fields = {"filter_backends": [rest_framework.DjangoFilterBackend], "filterset_fields": {"date_joined": ["year"]}}
    response = Users.as_view(**fields)(APIRequestFactory().get("/api/users?date_joined__year=0"))
    assert response.status_code == 400


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("url", ["/api/drf", "/api/plain"])
@pytest.mark.urls("urls")
def test_work_that_is_interrupted_is_rolled_back_and_signalled(url, api, set_view, monkeypatch, caplog):
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    signals = []

    def receive(sender, **kwargs):
        signals.append(sender)

    def locked(request):
        Account.objects.create(number="1")
        error = sqlite3.OperationalError("database is locked")
        error.sqlite_errorcode = 5
        raise db.OperationalError("database is locked") from error

    set_view(locked)
    got_request_exception.connect(receive)
    try:
        response = api.post(url)
    finally:
        got_request_exception.disconnect(receive)
    assert_api_error(response, "REQUEST_INTERRUPTED", 503)
    assert int(response["Retry-After"]) >= 1
    assert not Account.objects.exists()
    assert len(signals) == 1
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.name == "django.request"
