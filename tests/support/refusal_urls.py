"""Everything that a project can ask of a database, as the requests of a test: see ``database_probe``."""

import contextlib
import os
import threading
import time

from django.apps import apps
from django.db import OperationalError, connection, models, transaction
from django.db.models import F
from django.db.models.functions import Cast
from django.urls import path
from rest_framework import filters, generics, pagination, serializers
from rest_framework.authentication import BasicAuthentication
from rest_framework.response import Response
from rest_framework.views import APIView

from django_apierrors.handlers import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

IS_POSTGRESQL = connection.vendor == "postgresql"


class Unchecked(models.Field):
    """A column whose values Python does not look at."""

    def __init__(self, kind, **kwargs):
        self.kind = kind
        super().__init__(null=True, **kwargs)

    def db_type(self, connection):
        return self.kind


class Item(models.Model):
    name = models.CharField(max_length=8, unique=True)
    number = models.IntegerField(default=0)
    price = models.DecimalField(max_digits=6, decimal_places=2, default=0)
    must = models.CharField(max_length=8, default="")
    parent = models.ForeignKey("self", models.CASCADE, null=True)
    meta = models.JSONField(null=True)
    day = Unchecked("date")
    wide = Unchecked("bigint")

    class Meta:
        app_label = "auth"
        constraints = [models.CheckConstraint(condition=models.Q(number__gte=-5), name="not_too_low")]

    def __str__(self):
        return self.name


class Anything(serializers.Field):
    """A field that trusts the client."""

    def to_internal_value(self, data):
        return data

    def to_representation(self, value):
        return str(value)


class ItemSerializer(serializers.ModelSerializer):
    name, number, day, wide = (Anything(required=False) for _ in range(4))

    class Meta:
        model = Item
        fields = ["name", "number", "day", "wide", "meta"]


class Pages(pagination.LimitOffsetPagination):
    default_limit = 10


class Items(generics.ListCreateAPIView):
    queryset = Item.objects.order_by("pk")
    serializer_class = ItemSerializer
    pagination_class = Pages
    filter_backends = [filters.SearchFilter]
    search_fields = ["$name"]


class Overflowing(Items):
    queryset = Item.objects.annotate(product=F("number") * 2_000_000_000).order_by("pk")


class Casting(Items):
    queryset = Item.objects.annotate(whole=Cast("name", models.IntegerField())).filter(whole__gt=0)


class Credentials(APIView):
    authentication_classes = [BasicAuthentication]

    def get(self, request):
        return Response()


ACTIONS = {}


def action(function):
    ACTIONS[function.__name__] = function
    return function


class Own(APIView):
    """The project's own code, which does what a test names."""

    def post(self, request, name):
        ACTIONS[name]()
        return Response()


urlpatterns = [
    path("api/items", Items.as_view()),
    path("api/overflowing", Overflowing.as_view()),
    path("api/casting", Casting.as_view()),
    path("api/credentials", Credentials.as_view()),
    path("api/own/<name>", Own.as_view()),
]


def make_tables():
    """Make the tables, with two rows and many others that weigh more in the choice of who loses a deadlock."""
    with connection.schema_editor() as editor:
        for name in ("contenttypes.ContentType", "auth.Permission", "auth.Group", "auth.User", "auth.Item"):
            editor.create_model(apps.get_model(name))
    Item.objects.bulk_create([Item(name=name, number=2) for name in ("first", "second")])
    Item.objects.bulk_create([Item(name=f"heavy{number}") for number in range(100)])


# The project's own faults


@action
def own_overflow():
    Item.objects.update(number=F("number") + 2_147_483_647)


@action
def own_division():
    Item.objects.update(number=F("number") / (F("number") - F("number")))


@action
def own_text():
    Item.objects.create(name="much too long")


@action
def count():
    assert Item.objects.filter(number=2).count() == 2


@action
def no_table():
    execute("SELECT * FROM nowhere")


@action
def no_syntax():
    execute("SELEKT 1")


@action
def unique():
    Item.objects.create(name="first")


@action
def foreign_key():
    Item.objects.create(name="orphan", parent_id=4711)
    connection.check_constraints()


@action
def foreign_key_at_commit():
    with transaction.atomic():
        Item.objects.create(name="orphan", parent_id=4711)


@action
def not_null():
    Item.objects.create(name="nothing", must=None)


@action
def check():
    Item.objects.create(name="low", number=-6)


# Interrupted work


def execute(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)


@contextlib.contextmanager
def other_connection():
    """A connection of its own, as another process has it."""
    opened = connection.copy()
    opened.ensure_connection()
    try:
        yield opened
    finally:
        opened.close()


@contextlib.contextmanager
def locked():
    """A row that another transaction has changed, and not yet committed."""
    with other_connection() as other:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("UPDATE auth_item SET number = 1 WHERE name = 'first'")
        try:
            yield
        finally:
            other.rollback()


@action
def lock_timeout():
    execute("SET lock_timeout = '100ms'" if IS_POSTGRESQL else "SET innodb_lock_wait_timeout = 1")
    try:
        with locked():
            Item.objects.filter(name="first").update(number=2)
    finally:
        execute("SET lock_timeout = 0" if IS_POSTGRESQL else "SET innodb_lock_wait_timeout = 50")


@action
def nowait():
    with locked(), transaction.atomic():
        Item.objects.select_for_update(nowait=True).get(name="first")


@action
def statement_timeout():
    if IS_POSTGRESQL:
        execute("SET statement_timeout = '50ms'")
    try:
        if IS_POSTGRESQL:
            execute("SELECT pg_sleep(5)")
        else:
            rows = "SELECT COUNT(*) FROM seq_1_to_100000 a, seq_1_to_100000 b"
            execute(f"SET STATEMENT max_statement_time = 0.1 FOR {rows}")
    finally:
        if IS_POSTGRESQL:
            execute("SET statement_timeout = 0")


@action
def deadlock():
    execute(update("second", 0))
    held, names = threading.Event(), ("first", "second")

    def cross():
        with other_connection() as other:
            other.set_autocommit(False)
            with other.cursor() as cursor, contextlib.suppress(OperationalError):
                cursor.execute(update(names[1], 1))
                held.set()
                # More work than the other has done, so that it is not the one that is given up.
                cursor.execute(update("heavy", 1))
                cursor.execute(update(names[0], 1))
            other.rollback()

    if IS_POSTGRESQL:
        execute("SET deadlock_timeout = '100ms'")
    thread = threading.Thread(target=cross)
    try:
        with transaction.atomic():
            execute(update(names[0], 2))
            thread.start()
            held.wait(10)
            time.sleep(0.05 if IS_POSTGRESQL else 0.5)
            execute(update(names[1], 2))
    finally:
        thread.join(20)


def update(name, number):
    where = f"name = '{name}'" if name != "heavy" else "name LIKE 'heavy%'"
    return f"UPDATE auth_item SET number = {number} WHERE {where}"


@action
def serialization():
    if not IS_POSTGRESQL:
        execute("SET innodb_snapshot_isolation = ON")
    with transaction.atomic():
        execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        Item.objects.count()
        with other_connection() as other, other.cursor() as cursor:
            cursor.execute(update("first", 3))
        Item.objects.filter(name="first").update(number=4)


@action
def read_only():
    with transaction.atomic():
        execute("SET TRANSACTION READ ONLY" if IS_POSTGRESQL else "SELECT 1")
        Item.objects.create(name="readonly")


@action
def read_only_mysql():
    execute("SET SESSION TRANSACTION READ ONLY")
    try:
        Item.objects.create(name="readonly")
    finally:
        execute("SET SESSION TRANSACTION READ WRITE")


@action
def idle():
    with transaction.atomic():
        execute("SET LOCAL idle_in_transaction_session_timeout = '50ms'")
        time.sleep(0.5)
        execute("SELECT 1")


@action
def terminated():
    with transaction.atomic():
        execute("SELECT 1")
        terminate()
        time.sleep(0.2)
        Item.objects.create(name="late")


def terminate():
    if IS_POSTGRESQL:
        number, sql = connection.connection.info.backend_pid, "SELECT pg_terminate_backend(%s)"
    else:
        number, sql = connection.connection.thread_id(), "KILL %s"
    with other_connection() as other, other.cursor() as cursor:
        cursor.execute(sql, [number])


@action
def closed():
    connection.ensure_connection()
    connection.connection.close()
    execute("SELECT 1")


def connect(**changed):
    connection.close()
    kept = dict(connection.settings_dict)
    connection.settings_dict.update(changed)
    try:
        execute("SELECT 1")
    finally:
        connection.settings_dict.update(kept)


@action
def refused():
    connect(PORT="1", HOST="127.0.0.1")


@action
def unknown_host():
    connect(HOST="nowhere.invalid")


@action
def no_database():
    connect(NAME="nowhere")


@action
def too_many():
    limited = f"apierrors_limited_{os.getpid()}"
    if IS_POSTGRESQL:
        execute(f"CREATE ROLE {limited} LOGIN CONNECTION LIMIT 0")
    else:
        execute(f"CREATE USER {limited}@'%' WITH MAX_USER_CONNECTIONS 1")
    try:
        if IS_POSTGRESQL:
            connect(USER=limited)
        else:
            occupied(limited)
    finally:
        execute(f"DROP ROLE {limited}" if IS_POSTGRESQL else f"DROP USER {limited}@'%'")


def occupied(user):
    with other_connection() as other:
        other.close()
        other.settings_dict = {**other.settings_dict, "USER": user, "NAME": "information_schema"}
        other.ensure_connection()
        connect(USER=user, NAME="information_schema")


@action
def locked_file():
    with other_connection() as other, other.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 0")
        cursor.execute("BEGIN EXCLUSIVE")
        try:
            execute("PRAGMA busy_timeout = 0")
            Item.objects.create(name="late")
        finally:
            cursor.execute("ROLLBACK")


@action
def read_only_file():
    execute("PRAGMA query_only = 1")
    try:
        Item.objects.create(name="late")
    finally:
        execute("PRAGMA query_only = 0")


@action
def full_disk():
    execute("PRAGMA max_page_count = 1")
    try:
        Item.objects.bulk_create([Item(name=f"n{number}", meta=["x" * 1000]) for number in range(1000)])
    finally:
        execute("PRAGMA max_page_count = 1000000")


@action
def cannot_open():
    connect(NAME="/nowhere/at/all")


@action
def interrupted():
    connection.ensure_connection()
    stop = threading.Timer(0.1, connection.connection.interrupt)
    stop.start()
    execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT MAX(i) FROM n")


COMMON = ["own_overflow", "own_division", "own_text", "no_table", "no_syntax"]
KINDS = ["unique", "foreign_key", "not_null", "check", "foreign_key_at_commit"]
OF_SERVERS = [
    *("lock_timeout", "nowait", "statement_timeout", "deadlock", "serialization", "terminated", "closed"),
    *("refused", "unknown_host", "no_database", "too_many"),
]
NAMED = {
    "postgresql": [*COMMON, *KINDS, *OF_SERVERS, "read_only", "idle"],
    "mysql": [*COMMON, *KINDS[:-1], *OF_SERVERS, "read_only_mysql"],
    "sqlite": [
        *(*COMMON, *KINDS, "locked_file", "read_only_file", "full_disk", "cannot_open"),
        "interrupted",
    ],
}
BODIES = {
    "NUL": r'{"name": "a\u0000"}',
    "lone surrogate": r'{"name": "a\ud800"}',
    "too long": '{"name": "123456789"}',
    "out of range": '{"name": "range", "number": 99999999999}',
    "beyond 64 bits": '{"name": "bits", "wide": 99999999999999999999999}',
    "no date": '{"name": "date", "day": "2020-13-45"}',
    "no number": '{"name": "text", "number": "x"}',
    "JSON with NUL": r'{"name": "json1", "meta": {"a": ["\u0000"]}}',
    "JSON with NUL in a name": r'{"name": "json2", "meta": {"\u0000": 1}}',
    "JSON with a lone surrogate": r'{"name": "json3", "meta": {"a": "\udfff"}}',
    "JSON with infinity": '{"name": "json4", "meta": {"a": 1e999}}',
}
QUERIES = {
    "limit": "/api/items?limit=" + "9" * 30,
    "pattern": "/api/items?search=(",
    "overflow of a queryset": "/api/overflowing?limit=5",
    "cast of a queryset": "/api/casting?limit=5",
}
