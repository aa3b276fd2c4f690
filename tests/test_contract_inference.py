"""The codes that functions raise, read from their source: each way to raise, to catch and to call."""

import gc
import itertools
import re
from types import FunctionType

import pytest
from rest_framework.views import APIView
from support import raising

from django_apierrors import codes
from django_apierrors.contract import inference, raises
from django_apierrors.contract.inference import Inference
from django_apierrors.exceptions import ApiError

CONFLICT = {"RESOURCE_CONFLICT"}
GONE = {"GONE"}
EXPECTED = {
    "by_class": CONFLICT,
    "by_call": CONFLICT,
    "by_position": GONE,
    "by_keyword": {"ACCOUNT_LOCKED"},
    "with_own_status": {("RESOURCE_CONFLICT", 410)},
    "with_own_status_alone": {("PRECONDITION_FAILED", 412)},
    "without_anything": {"INTERNAL_SERVER_ERROR"},
    "of_a_class_with_another_code": GONE,
    "of_a_class_with_a_message_of_a_variable": CONFLICT,
    "of_drf": {"RESOURCE_NOT_FOUND"},
    "of_drf_with_a_code": {"ACCOUNT_LOCKED"},
    "of_drf_that_is_required": {"VALIDATION_FAILED", "PARAM_NOT_FOUND"},
    "of_own_drf": {("GONE", 410)},
    "of_own_drf_with_a_code": {"ACCOUNT_LOCKED"},
    "of_django": {"PERMISSION_DENIED"},
    "of_a_lookup": {"RESOURCE_NOT_FOUND"},
    "crash": {"INTERNAL_SERVER_ERROR"},
    "either": {"GONE", "RESOURCE_NOT_FOUND"},
    "of_a_dict": {"GONE", "SERVICE_UNAVAILABLE"},
    "shared": {"BAD_GATEWAY"},
    "assigned": GONE,
    "with_a_traceback": GONE,
    "made": GONE | CONFLICT,
    "awaited": GONE,
    "by_annotation": {"SERVICE_UNAVAILABLE"},
    "calling": CONFLICT,
    "caught": {"RESOURCE_NOT_FOUND"},
    "caught_all": set(),
    "caught_by_tuple": GONE | {"RESOURCE_NOT_FOUND"},
    "raised_again": CONFLICT,
    "raised_again_by_name": CONFLICT,
    "raised_again_from_elsewhere": GONE | {"RESOURCE_NOT_FOUND"},
    "suppressed": {"RESOURCE_NOT_FOUND"},
    "with_an_inner_function": CONFLICT,
    "with_a_lambda": GONE | CONFLICT,
    "in_a_thread": CONFLICT,
    "decorated": GONE | CONFLICT,
    "of_cached": CONFLICT,
    "recursive": CONFLICT,
    "limited": {"RATE_TOO_HIGH"},
    "limited_and_closed": {"RATE_TOO_HIGH", "RATE_LIMITER_UNAVAILABLE"},
    "counted": set(),
    "declared": GONE | CONFLICT,
    "of_a_property": CONFLICT,
    "of_a_cached_property": {"ACCOUNT_LOCKED"},
    "of_a_static_method": {"BAD_GATEWAY"},
    "of_a_class_method": {"BAD_GATEWAY"},
    "of_super": {"GATEWAY_TIMEOUT"},
    "of_a_parameter": {"BAD_GATEWAY"},
    "of_a_constructor": GONE,
    "of_an_instance": GONE | {"BAD_GATEWAY"},
    "of_a_context": CONFLICT | {"BAD_GATEWAY"},
    "of_a_serializer": {"VALIDATION_FAILED", "PARAM_NOT_FOUND", "ACCOUNT_LOCKED"},
    "of_a_policy_that_is_not_there": {"RATE_TOO_HIGH"},
    "again": set(),
    "of_an_awaited_service": {"BAD_GATEWAY"},
    "of_annotations": {"BAD_GATEWAY", "GATEWAY_TIMEOUT"},
    "of_a_module_level_instance": {"BAD_GATEWAY"},
    "by_condition": GONE | {"ACCOUNT_LOCKED"},
    "by_member": {"ACCOUNT_LOCKED"},
    "by_item": GONE | {"ACCOUNT_LOCKED"},
    "by_assignments": GONE | {"ACCOUNT_LOCKED"},
    "by_import_inside": CONFLICT | {"BAD_GATEWAY"},
    "of_a_manager": CONFLICT,
    "of_an_async_manager": CONFLICT,
    "of_a_model_that_is_looked_up": CONFLICT | {"RESOURCE_NOT_FOUND"},
    "of_a_model_of_a_class": CONFLICT,
    "of_other_managers": set(),
    "of_a_given": {"SERVICE_UNAVAILABLE"},
    "of_an_instance_of_django": {"RESOURCE_NOT_FOUND"},
    "after_a_long_chain": GONE,
    "of_a_manager_at_the_end_of_a_chain": CONFLICT,
    "of_fewer_codes": GONE | {"ACCOUNT_LOCKED"},
    "by_a_code_in_small_letters": {"vault_broken"},
    "by_a_code_in_small_letters_of_a_class": {"vault_broken"},
    "by_a_message_like_a_code": CONFLICT,
    "declared_in_small_letters": {"vault_broken"},
    "of_objects_that_run_code": CONFLICT | GONE | {"BAD_GATEWAY", "VALIDATION_FAILED"},
    "of_conditions_that_run_code": {"RATE_TOO_HIGH", "VALIDATION_FAILED", "PARAM_NOT_FOUND"},
    "of_slots": GONE,
    "of_containers": GONE | CONFLICT | {"SERVICE_UNAVAILABLE"},
    "perhaps": GONE | CONFLICT,
    "made_perhaps": GONE,
    "of_optional_annotations": {"BAD_GATEWAY"},
    "of_optional_text": {"BAD_GATEWAY"},
    "of_optional_result": {"BAD_GATEWAY"},
    "of_other_unions": set(),
    "with_a_status_of_no_error": CONFLICT,
    "of_a_partial": GONE | CONFLICT,
    "of_an_unknown_serializer": {"VALIDATION_FAILED", "PARAM_NOT_FOUND"},
}
DYNAMIC = [name for name in vars(raising) if name.startswith("dynamic_")] + ["dynamic"]
BURST = {"key": "ip", "rate": "10/s"}


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    """A code in small letters, for one test."""
    monkeypatch.setattr(codes, "registry", dict(codes.registry))
    codes.register(codes.ErrorDefinition(code="vault_broken", status=409, title="Broken", message="It is broken."))


@pytest.fixture(autouse=True)
def policies(settings):
    named = {"burst": BURST, "closed": {**BURST, "on_store_error": "closed"}}
    settings.APIERRORS = {**settings.APIERRORS, "RATELIMIT": {"POLICIES": named}}


def errors_of(function, cls=None):
    return Inference().errors_of(function, cls, is_called=False)


@pytest.mark.parametrize("name", EXPECTED)
def test_the_codes_of_a_function(name):
    errors = errors_of(getattr(raising, name))
    found = {(error.code, error.status) if error.status else error.code for error in errors}
    assert found == EXPECTED[name]
    for error in errors:
        assert re.fullmatch(r".*raising\.py:\d+|.*generics\.py:\d+", error.place)


def test_the_place_is_the_line_of_the_raise():
    (error,) = errors_of(raising.calling)
    path, _, line = error.place.rpartition(":")
    with open(path) as source:
        assert source.readlines()[int(line) - 1].strip() == "raise ResourceConflict"


def test_exceptions_of_the_setting_have_its_code(settings):
    settings.APIERRORS = {"EXCEPTIONS": {"support.raising.Unreachable": "BAD_GATEWAY", "builtins.KeyError": "GOME"}}
    assert [error.code for error in errors_of(raising.crash)] == ["BAD_GATEWAY"]


def test_a_class_may_name_a_code_in_any_case():
    def found():
        class VaultBroken(ApiError):
            code = "VAULT_BROKEN"

        def view():
            raise VaultBroken

        @raises(VaultBroken)
        def declared():
            pass

        return {error.code for error in (*errors_of(view), *errors_of(declared))}

    assert found() == {"vault_broken"}
    gc.collect()  # a system check looks at all classes that there are


def test_the_setting_may_name_a_code_in_any_case(settings):
    settings.APIERRORS = {"EXCEPTIONS": {"support.raising.Unreachable": "VAULT_BROKEN"}}
    assert [error.code for error in errors_of(raising.crash)] == ["vault_broken"]


@pytest.mark.parametrize("name", DYNAMIC)
def test_a_code_that_the_source_does_not_tell_is_named_by_its_place(name):
    told = [error for error in errors_of(getattr(raising, name)) if not error.code]
    assert len(told) == 1
    assert re.fullmatch(r".*raising\.py:\d+", told[0].place)
    assert "declare it with `raises`" in told[0].message


def test_a_code_that_is_not_defined_is_named():
    (error,) = errors_of(raising.undefined)
    assert (error.code, "'GOME' is not defined" in error.message) == ("", True)


def test_a_class_whose_code_is_not_defined_is_named():
    def told():
        class Mistyped(ApiError):
            code = "NEVER_DEFINED"

        def view():
            raise Mistyped

        return [(error.code, "'NEVER_DEFINED' is not defined" in error.message) for error in errors_of(view)]

    assert told() == [("", True)]
    gc.collect()  # a system check looks at all classes that there are


def test_a_wrong_declaration_is_named():
    messages = [error.message for error in errors_of(raising.declared_wrongly)]
    assert [("'GOME'" in text, "no error code" in text) for text in messages] == [(True, False), (False, True)]


@pytest.mark.parametrize("name", ["of_more_codes_than_are_read", "of_more_errors_than_are_read"])
def test_more_codes_than_are_read_are_a_warning(name):
    assert {error.code for error in errors_of(getattr(raising, name))} == {"ACCOUNT_LOCKED", ""}


CIRCLE = {
    "first_in_a_circle": GONE | CONFLICT | {"ACCOUNT_LOCKED", "BAD_GATEWAY", "RESOURCE_NOT_FOUND"},
    "second_in_a_circle": GONE | {"ACCOUNT_LOCKED", "BAD_GATEWAY", "RESOURCE_NOT_FOUND"},
    "third_in_a_circle": GONE | CONFLICT | {"ACCOUNT_LOCKED", "BAD_GATEWAY", "RESOURCE_NOT_FOUND"},
}


@pytest.mark.parametrize("times", [1, 10])
@pytest.mark.parametrize("order", list(itertools.permutations(CIRCLE)))
def test_functions_that_call_each_other_have_the_same_errors_in_any_order(order, times, monkeypatch):
    monkeypatch.setattr(inference, "_MAX_TIMES", times)  # that nothing changes any more is waited for so often
    read = Inference()
    assert {name: {error.code for error in read.errors_of(getattr(raising, name))} for name in order} == CIRCLE


def test_all_functions_are_read_however_many_there_are():
    read = Inference()
    functions = [FunctionType(raising.by_class.__code__, vars(raising)) for _ in range(2100)]
    assert {error.code for function in functions for error in read.errors_of(function)} == CONFLICT
    assert all(read.errors_of(function) for function in functions)


def test_a_long_way_of_calls_is_read_to_its_end(tmp_path):
    path = tmp_path / "long.py"
    steps = "".join(f"def f{n}(x):\n    if x:\n        return [f{n + 1}(x)]\n" for n in range(300))
    path.write_text(f"{steps}def f300(x):\n    raise KeyError\n")
    names = {"__name__": "long"}
    exec(compile(path.read_text(), str(path), "exec"), names)
    assert [error.code for error in errors_of(names["f0"])] == ["INTERNAL_SERVER_ERROR"]


def test_the_model_of_a_view():
    found = {error.code for error in errors_of(raising.WalletView.delete, raising.WalletView)}
    assert found - {"(filters)"} == CONFLICT | {"RESOURCE_NOT_FOUND"}  # the filters are those of the operation


def test_a_method_of_a_view_that_denies():
    found = {error.code for error in errors_of(raising.View.get, raising.View)}
    assert found == {"PERMISSION_DENIED", "AUTH_KEY_NOT_FOUND"}


@pytest.mark.parametrize("function", [len, object(), "".join])
def test_what_has_no_source_is_named(function):
    (error,) = errors_of(function)
    assert error.code == ""
    assert "no source" in error.message
    assert Inference().errors_of(function) == []


@pytest.mark.parametrize("name", ["RUNS", "LAZY"])
def test_no_object_is_executed_to_be_named(name):
    (error,) = errors_of(getattr(raising, name))
    assert "no source" in error.message
    assert error.place in ("support.raising.Runs", "django.utils.functional.SimpleLazyObject")


def test_a_method_of_a_class_with_attributes_that_run_code():
    assert {error.code for error in errors_of(raising.Careful.post, raising.Careful)} == GONE


def test_a_function_without_a_file_is_named():
    names = {"__name__": "generated"}
    exec("def view(request):\n    raise KeyError\n", names)
    (error,) = errors_of(names["view"])
    assert "no source" in error.message


def test_a_function_whose_file_is_another_by_now_is_named(tmp_path):
    path = tmp_path / "changed.py"
    path.write_text("def (\n")
    names = {"__name__": "changed"}
    exec(compile("def view(request):\n    raise KeyError\n", str(path), "exec"), names)
    (error,) = errors_of(names["view"])
    assert "no source" in error.message


def test_source_that_cannot_be_read_never_fails(tmp_path):
    path = tmp_path / "long.py"
    path.write_text("def view(request):\n    raise KeyError(" + " + ".join("1" * 600) + ")\n")
    names = {"__name__": "long"}
    exec(compile(path.read_text(), str(path), "exec"), names)
    (error,) = errors_of(names["view"])
    assert (error.code, "could not be read" in error.message) == ("", True)


def test_a_variable_that_has_no_value_yet():
    def outer():
        def inner():
            later()

        errors = errors_of(inner)

        def later():
            raise KeyError

        return errors, later

    assert outer()[0] == []


def test_the_ways_of_drf_itself_are_not_read():
    assert Inference().errors_of(APIView.dispatch, APIView) == []
