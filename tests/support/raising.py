"""Functions whose errors are read from their source; none is ever called."""

import collections
import contextlib
import enum
import functools
import types
import typing

from asgiref.sync import sync_to_async
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.functional import SimpleLazyObject, cached_property
from rest_framework import exceptions, generics, serializers
from rest_framework.views import APIView
from shop.models import Account

from django_apierrors import exceptions as errors
from django_apierrors.contract import raises
from django_apierrors.exceptions import ApiError, ResourceConflict, ServiceUnavailable
from django_apierrors.ratelimit import acheck, check

LOCKED = "ACCOUNT_LOCKED"
ERRORS = {"gone": ApiError("GONE"), "busy": ServiceUnavailable}
SHARED = ApiError("BAD_GATEWAY")
NOTHING = {}
FAILURES = (KeyError, Http404)


class Unreachable(Exception):
    """Has a code by EXCEPTIONS in the tests that ask for it."""


class OutOfStock(exceptions.APIException):
    status_code = 410


class Locked(exceptions.APIException):
    status_code = 423
    default_code = "account_locked"


class Dynamic(ApiError):
    def __init__(self, kind):
        super().__init__(code=f"{kind}_LOCKED")


def by_class():
    raise ResourceConflict


def by_call():
    raise ResourceConflict("The name is taken.")


def by_position():
    raise ApiError("GONE", "It is gone.")


def by_keyword():
    raise errors.ApiError(code=LOCKED, message="Locked.")


def with_own_status():
    raise ApiError("RESOURCE_CONFLICT", status=410)


def with_own_status_alone():
    raise ApiError(status=412)


def without_anything():
    raise ApiError


def of_a_class_with_another_code():
    raise ResourceConflict("GONE")


def of_a_class_with_a_message_of_a_variable(text):
    raise ResourceConflict(text)


def of_drf():
    raise exceptions.NotFound("There is none.")


def of_drf_with_a_code():
    raise exceptions.PermissionDenied("No.", "account_locked")


def of_drf_that_is_required():
    raise serializers.ValidationError({"name": "Give one."}, code="required")


def of_own_drf():
    raise OutOfStock


def of_own_drf_with_a_code():
    raise Locked


def of_django():
    raise PermissionDenied


def of_a_lookup(request):
    return get_object_or_404(APIView, pk=1)


def crash():
    raise Unreachable


def either(flag):
    raise ApiError("GONE") if flag else Http404


def of_a_dict(kind):
    raise ERRORS[kind]


def shared():
    raise SHARED


def assigned():
    exc = ApiError("GONE")
    exc.__notes__ = []
    raise exc


def with_a_traceback(exc):
    raise ApiError("GONE").with_traceback(exc.__traceback__) from exc


def make(flag):
    if flag:
        return ApiError("GONE")
    return ResourceConflict()


def made(flag):
    raise make(flag)


async def amake():
    return ApiError("GONE")


async def awaited():
    raise await amake()


def annotated() -> ServiceUnavailable:
    """Nothing is returned here that can be read."""


def by_annotation():
    raise annotated()


def calling():
    by_class()
    errors.ApiError  # noqa: B018
    return len("abc")


def caught():
    try:
        by_class()
        of_drf()
    except ResourceConflict:
        return None


def caught_all():
    try:
        by_class()
        raise Dynamic("a")
    except:  # noqa: E722
        pass


def caught_by_tuple():
    try:
        of_drf()
        raise Http404
    except FAILURES:
        raise ApiError("GONE") from None


def raised_again():
    try:
        by_class()
    except (KeyError, ResourceConflict):
        raise


def raised_again_by_name():
    try:
        by_class()
    except ApiError as exc:
        print(exc)
        raise exc


def raised_again_from_elsewhere(call):
    try:
        call()
    except Http404:
        raise
    finally:
        by_position()


def suppressed():
    with contextlib.suppress(ApiError), open("x"):
        by_class()
    with contextlib.nullcontext() as nothing:
        of_drf()
    return nothing


def with_an_inner_function():
    def inner():
        raise ResourceConflict

    def unused():
        raise ApiError("GONE")

    return inner()


def with_a_lambda():
    return [*map(by_class, [1]), (lambda: by_position())()]


async def in_a_thread():
    await sync_to_async(by_class)()


def decorator(function):
    @functools.wraps(function)
    def wrapper(*args):
        if not args:
            raise ApiError("GONE")
        return function(*args)

    return wrapper


@decorator
def decorated():
    raise ResourceConflict


@functools.lru_cache
def cached():
    raise ResourceConflict


def of_cached():
    return cached()


def recursive():
    recursive()
    raise ResourceConflict


def limited(request):
    check(request, "burst")


async def limited_and_closed(request):
    await acheck(request, "closed")


def counted(request):
    check(request, "burst", block=False)


@raises("gone", ResourceConflict)
def declared(kind):
    raise ApiError(kind)


@raises("GOME", 3)
def declared_wrongly():
    pass


def dynamic(kind):
    raise ApiError(kind)


def dynamic_format(kind):
    raise ApiError(f"{kind}_LOCKED")


def dynamic_arguments(args):
    raise ApiError(*args)


def dynamic_status(status):
    raise ApiError("GONE", status=status)


def dynamic_class(kind):
    raise Dynamic(kind)


def dynamic_code_of_drf(code):
    raise exceptions.NotFound(code=code)


def dynamic_code_of_drf_by_position():
    raise exceptions.NotFound("None.", LOCKED.lower())


def dynamic_name(exc):
    raise exc


def dynamic_call(factory):
    raise factory()


def dynamic_item(kind):
    raise NOTHING[kind]


def dynamic_number():
    raise print("x")


def dynamic_return():
    raise calling_nothing()


def calling_nothing():
    pass


def undefined():
    raise ApiError("GOME")


class Part:
    def __init__(self):
        by_position()

    def __call__(self):
        raise ApiError("BAD_GATEWAY")


class Service:
    part = Part

    @property
    def owner(self):
        raise ResourceConflict

    @cached_property
    def lock(self):
        raise ApiError(LOCKED)

    @functools.cached_property
    def other(self):
        return 1

    @staticmethod
    def fetch():
        raise ApiError("BAD_GATEWAY")

    @classmethod
    def build(cls):
        cls.fetch()
        return cls()

    def base(self):
        raise ApiError("GATEWAY_TIMEOUT")


class OwnService(Service):
    def base(self):
        return super().base()


def get_service() -> "OwnService":
    return OwnService()


def of_a_property():
    return Service().owner


def of_a_cached_property():
    service = Service()
    return service.lock, service.other


def of_a_static_method():
    Service.fetch()


def of_a_class_method():
    return Service.build()


def of_super():
    return get_service().base()


def of_a_parameter(service: OwnService):
    service.fetch()


def of_a_constructor():
    return Service.part()


def of_an_instance():
    part = Part()
    return part()


def of_a_context():
    with Service() as service:
        service.fetch()
    if (again := Service()) is not None:
        print(again.owner.name)


class NameSerializer(serializers.Serializer):
    name = serializers.CharField()

    def validate_name(self, value):
        raise ApiError(LOCKED)


def of_a_serializer(request):
    serializer = NameSerializer(data=request.query_params)
    serializer.is_valid(raise_exception=True)


def of_an_unknown_serializer(serializer):
    serializer.is_valid(raise_exception=True)
    serializer.is_valid()


def of_a_policy_that_is_not_there(request):
    check(request, "nowhere")


PLAIN = object()
MISSING = Http404()


def again():
    raise


async def aget_service() -> OwnService:
    return OwnService()


async def of_an_awaited_service():
    service = await aget_service()
    service.fetch()


def of_an_owner() -> "the owner of it":  # noqa: F722
    return OwnService()


def of_annotations(service: "OwnService", other: "Service | None"):
    service.fetch()
    other.base()
    of_an_owner().base()
    PLAIN.base()


SERVICE = OwnService()


def of_a_module_level_instance():
    SERVICE.fetch()


class Wallet(Account):
    class Meta:
        app_label = "shop"
        proxy = True

    def close(self):
        raise ResourceConflict


def of_a_manager(pk):
    wallet = Wallet.objects.filter(pk=pk).get()
    wallet.close()


async def of_an_async_manager(pk):
    await (await Wallet.objects.aget(pk=pk)).close()


def of_a_model_that_is_looked_up(pk):
    get_object_or_404(Wallet, pk=pk).close()


class Bank:
    wallet_class = Wallet


def of_a_model_of_a_class(pk):
    Bank.wallet_class.objects.get(pk=pk).close()


def of_other_managers(wallets, pk):
    wallets.get(pk=pk).close()
    {}.get(pk).close()
    View().get_object().close()
    Part.first().close()
    wallets[0].first().close()


class WalletView(generics.GenericAPIView):
    queryset = Wallet.objects.all()

    def delete(self, request, **kwargs):
        self.get_object().close()


def of_a_given(exc: ServiceUnavailable):
    raise exc


def of_an_instance_of_django():
    raise MISSING


class Codes(enum.StrEnum):
    GONE = "GONE"
    LOCKED = "account_locked"


CODES = {"gone": "GONE", "locked": Codes.LOCKED}
BY_STATUS = (409, 410)


def by_condition(flag):
    raise ApiError("GONE" if flag else Codes.LOCKED)


def by_member(flag):
    raise ApiError(Codes.LOCKED.value, Codes.GONE.name)


def by_item(kind):
    raise ApiError(code=CODES[kind])


def by_assignments(flag):
    code = "GONE"
    if flag:
        code = "ACCOUNT_LOCKED"
    raise ApiError(code)


def by_import_inside():
    import os.path

    from not_loaded import at_all

    import django_apierrors.exceptions as inside
    from django_apierrors import exceptions

    from . import clients
    from .clients import CLIENTS

    if print(os.path.sep, clients, CLIENTS, at_all):
        raise inside.ResourceConflict
    raise exceptions.BadGateway


def dynamic_endless(flag):
    first = second = flag
    first = second
    second = first
    raise ApiError(first)


class View(APIView):
    def get(self, request):
        self.permission_denied(request)


def after_a_long_chain(text, other):
    names = text.strip().strip().strip().strip().strip().strip().strip().strip().strip().strip()
    found = other.strip().strip().strip().strip().strip().strip().strip().strip().strip().strip()
    links = names.a().b().c().d().e().f().g().h().i().j().k().l().m().n().o().p().q().r().s().t().u().v().w().x().y()
    if links.get("a").get("b").get("c").get("d").get("e").get("f").get("g").get("h").get("i").get("j").get("k"):
        raise ApiError("GONE")
    return found.a.b.c.d().e.f.g().h.i.j().k.l.m().n.o.p().q.r.s().t.u.v().w.x.y()


def of_a_manager_at_the_end_of_a_chain():
    wallets = Wallet.objects.all().all().all().all().all().all().all().all().all().all().all().all().all().get().close()
    return wallets


LOCKED_KINDS = dict.fromkeys(range(100), LOCKED) | {101: "GONE"}


def of_more_codes_than_are_read(kind):
    raise ApiError(LOCKED_KINDS[kind])


MANY = {number: ApiError(LOCKED) for number in range(150)}


def of_more_errors_than_are_read(kind):
    raise MANY[kind]


def of_fewer_codes(kind):
    raise ApiError(FIFTY[kind])


FIFTY = dict.fromkeys(range(49), LOCKED) | {49: "GONE"}


def first_in_a_circle(depth):
    if not depth:
        raise ApiError(LOCKED)
    second_in_a_circle(depth - 1)
    third_in_a_circle(depth - 1)


def second_in_a_circle(depth):
    try:
        first_in_a_circle(depth - 1)
    except Http404:
        raise
    except ResourceConflict as exc:
        raise ApiError("BAD_GATEWAY") from exc


def third_in_a_circle(depth):
    if not depth:
        raise ApiError("GONE")
    second_in_a_circle(depth - 1)
    raise ResourceConflict


def by_a_code_in_small_letters():
    raise ApiError("vault_broken")


def by_a_code_in_small_letters_of_a_class():
    raise ResourceConflict("Vault_Broken")


def by_a_message_like_a_code():
    raise ResourceConflict("gone")


@raises("VAULT_BROKEN", ApiError("vault_broken"))
def declared_in_small_letters():
    pass


def load():
    raise AssertionError("executed")


LAZY = SimpleLazyObject(load)


class Runs:
    """Runs code whatever it is asked."""

    def __getattr__(self, name):
        load()

    def __bool__(self):
        load()

    def __eq__(self, other):
        load()

    __hash__ = None

    def __call__(self):
        raise ApiError("GONE")


class RunsByValues(collections.UserDict):
    def __getitem__(self, key):
        load()

    def values(self):
        load()


RUNS = Runs()
RUNS_BY_VALUES = RunsByValues()


def of_objects_that_run_code(request, kind):
    if LAZY.limit and LAZY():
        raise ResourceConflict(LAZY)
    with LAZY as locked, contextlib.suppress(LAZY):
        locked.open()
    try:
        RUNS()
        RUNS.attribute.get()
        LAZY.get_object().close()
        LAZY[kind]()
    except LAZY:
        raise
    raise serializers.ValidationError("No.", code=RUNS) if kind else ApiError("BAD_GATEWAY", message=LAZY)


def of_conditions_that_run_code(request):
    check(request, LAZY, block=RUNS)
    RUNS.is_valid(raise_exception=RUNS)
    return LAZY(RUNS)


def dynamic_lazy_code():
    raise ApiError(LAZY)


def dynamic_lazy_status():
    raise ApiError("GONE", status=RUNS)


def dynamic_lazy_exception():
    raise LAZY


def dynamic_of_a_mapping_that_runs_code(kind):
    raise RUNS_BY_VALUES[kind]


class Wrapper:
    """Names what it wraps in a slot, as wrappers in C do."""

    __slots__ = ("__wrapped__",)

    def __init__(self, function):
        self.__wrapped__ = function


SLOT = Wrapper(by_position)


def of_slots():
    return SLOT()


class Careful(APIView):
    lazy = LAZY
    runs = RUNS

    def post(self, request):
        super().post(request)
        self.lazy()
        raise ApiError("GONE")


class Kinds(dict):
    def values(self):
        load()


class Names(list):
    def __iter__(self):
        load()


KINDS = Kinds(gone=ApiError("GONE"))
LISTED = Names([ResourceConflict])
PROXY = types.MappingProxyType({"busy": ServiceUnavailable})


def of_containers(kind):
    if kind == "a":
        raise KINDS[kind]
    if kind == "b":
        raise LISTED[0]
    raise PROXY[kind]


def perhaps(kind):
    error = None
    if kind == "a":
        error = ApiError("GONE")
    elif kind == "b":
        error = ResourceConflict("It is.")
    again = ApiError("GONE") if kind else None
    again = again if error else None
    if error:
        raise error
    raise again if kind else None


def dynamic_nothing(kind):
    error = None
    error, kind = kind
    raise error


def make_perhaps(kind):
    if kind:
        return ApiError("GONE")
    return None


def made_perhaps(kind):
    error = make_perhaps(kind)
    if error:
        raise error


def of_optional_annotations(first: typing.Optional[OwnService]):  # noqa: UP045
    if first:
        first.fetch()


def of_optional_text(first: "OwnService | None", second: "None | OwnService"):  # noqa: RUF036
    first.fetch()
    second.fetch()


def service_or_none() -> OwnService | None:
    """Nothing is returned here that can be read."""


def of_optional_result():
    service = service_or_none()
    service.fetch()


def either_service() -> typing.Union[OwnService, Account, None]:  # noqa: UP007
    """Nothing is returned here that can be read."""


def of_other_unions(first: OwnService | Account | None, second: dict[str, OwnService], third: "OwnService + Account"):
    first.fetch()
    second.fetch()
    third.fetch()
    either_service().fetch()


GOES = Runs().__call__
WITH_ARGUMENTS = functools.partial(by_class)


def of_a_partial():
    GOES()
    WITH_ARGUMENTS()


def with_a_status_of_no_error():
    raise ApiError("RESOURCE_CONFLICT", status=200)
