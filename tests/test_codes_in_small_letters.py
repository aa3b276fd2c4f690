"""Codes in small letters, as those of DRF are: defined in Python or in the admin, raised, documented, exported."""

import gc
import io

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from rest_framework import exceptions, serializers

from django_apierrors import catalog, codes
from django_apierrors.checks import check_codes, check_settings
from django_apierrors.codes import ErrorDefinition, register
from django_apierrors.exceptions import ApiError, ResourceConflict
from django_apierrors.models import ErrorCode
from django_apierrors.snapshot.loader import load_rows
from django_apierrors.testing import assert_api_error, override_error


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    """A code in small letters, for one test."""
    monkeypatch.setattr(codes, "registry", dict(codes.registry))
    monkeypatch.setattr(codes, "_conflicts", [])
    yield register(ErrorDefinition(code="vault_locked", status=423, title="Locked", message="It is locked."))
    gc.collect()  # classes of a test, whose codes are known no more


def define(code, **values):
    return ErrorDefinition(code=code, **{"status": 409, "title": "T", "message": "M.", **values})


@pytest.mark.parametrize("code", ["vault_locked", "ab", "e2", "a_2_b"])
def test_a_code_may_be_in_small_letters(code):
    assert define(code).code == code


@pytest.mark.parametrize("code", ["Vault_locked", "accountLocked", "_a", "a_", "2a", "a", "a-b", "ä2", "a" * 64])
def test_any_other_spelling_is_refused(code):
    with pytest.raises(ValueError, match="letters of one case"):
        define(code)


@pytest.mark.parametrize("written", ["vault_locked", "VAULT_LOCKED", "Vault_Locked"])
@pytest.mark.parametrize(
    "raised",
    [
        ApiError,
        lambda code: exceptions.PermissionDenied(code=code),
        lambda code: serializers.ValidationError("It is.", code=code),
    ],
)
def test_it_is_raised_in_any_case_and_sent_as_it_is_defined(raised, written, set_view, api):
    set_view(raised(written))
    assert_api_error(api.get("/api/drf"), "vault_locked", 423)


def test_a_class_may_have_one(set_view, api):
    class Broke(ApiError):
        code = "broke"
        status = 422
        message = "Nothing is left."

    set_view(Broke("Nothing at all."))
    assert_api_error(api.get("/api/plain"), "broke", message="Nothing at all.")
    set_view(Broke("resource_conflict"))  # by a code of the catalog, in any case
    assert_api_error(api.get("/api/plain"), "RESOURCE_CONFLICT")


def test_a_word_in_small_letters_is_a_message_unless_it_is_a_code(set_view, api):
    set_view(ResourceConflict("taken"))
    assert_api_error(api.get("/api/plain"), "RESOURCE_CONFLICT", message="taken")
    set_view(ResourceConflict("vault_locked"))
    assert_api_error(api.get("/api/plain"), "vault_locked")


def test_its_exception_says_what_drf_reads():
    exc = ApiError("VAULT_LOCKED")
    assert (exc.status_code, str(exc.detail), exc.detail.code) == (423, "Locked", "VAULT_LOCKED")


@pytest.mark.parametrize("status", [409, 404])
def test_one_that_differs_in_case_alone_is_refused_and_named(status):
    register(define("resource_conflict", status=status))
    register(define("VAULT_LOCKED", status=423))
    assert codes.get("resource_conflict") is None
    assert codes.get("VAULT_LOCKED") is None
    first, second = check_codes()
    assert first.id == second.id == "django_apierrors.E008"
    assert first.msg == "Error codes RESOURCE_CONFLICT and resource_conflict differ in case alone."
    assert "write it vault_locked" in second.hint


def test_a_class_whose_code_is_refused_answers_with_the_one_in_force(set_view, api):
    class Taken(ApiError):
        code = "resource_conflict"
        status = 409
        message = "It is taken."

    assert len(check_codes()) == 1
    set_view(Taken())
    assert_api_error(api.get("/api/plain"), "RESOURCE_CONFLICT")


def test_one_that_is_a_key_of_oauth_is_written_as_that(settings, set_view, api):
    settings.APIERRORS = {"STRICT": True, "FORMAT": "oauth2"}
    register(define("invalid_grant", status=400, title="Grant", message="It was used."))
    set_view(ApiError("invalid_grant", "Twice."))
    assert api.get("/api/plain").json() == {"error": "invalid_grant", "error_description": "Twice."}
    set_view(ApiError("vault_locked"))
    assert api.get("/api/plain").json()["error"] == "invalid_request"


def test_the_setting_takes_it(settings, set_view, api):
    settings.APIERRORS = {"STRICT": True, "EXCEPTIONS": {"builtins.ZeroDivisionError": "vault_locked"}}
    assert check_settings() == []
    set_view(ZeroDivisionError())
    assert_api_error(api.get("/api/plain"), "vault_locked")


def test_the_catalog_finds_it_in_any_case():
    assert catalog.current().find("Vault_LOCKED") == "vault_locked"
    assert catalog.current().find("gone") == "GONE"
    assert catalog.current().find("nowhere") == ""


def test_tests_override_it(set_view, api):
    set_view(ApiError("vault_locked"))
    with override_error("vault_locked", message="Ask us."):
        assert_api_error(api.get("/api/plain"), "vault_locked", message="Ask us.")


@pytest.mark.django_db
class TestRows:
    """Rows of the database."""

    def test_a_row_may_have_one(self, set_view, api):
        row = ErrorCode(code="limit_reached", status=409, title="Limit", message="Enough.")
        row.full_clean()
        row.save()
        set_view(ApiError("limit_reached"))
        assert_api_error(api.get("/api/plain"), "limit_reached", 409, message="Enough.")

    @pytest.mark.parametrize("code", ["VAULT_LOCKED", "resource_conflict"])
    def test_a_row_that_differs_from_python_in_case_alone_is_refused(self, code):
        with pytest.raises(ValidationError, match="in case alone"):
            ErrorCode(code=code, status=423, title="T", message="M.").full_clean()

    def test_so_is_one_that_differs_from_another_row(self):
        ErrorCode.objects.create(code="limit_reached", status=409, title="T", message="M.")
        with pytest.raises(ValidationError, match="It differs from limit_reached in case alone"):
            ErrorCode(code="LIMIT_REACHED", status=409, title="T", message="M.").full_clean()

    @pytest.mark.parametrize("code", ["Limit_Reached", "limit-reached"])
    def test_the_admin_says_what_a_code_is(self, code):
        with pytest.raises(ValidationError, match="letters of one case"):
            ErrorCode(code=code, status=409, title="T", message="M.").full_clean()

    def test_rows_that_got_in_all_the_same_do_not_count_twice(self):
        for code in ("LIMIT_REACHED", "VAULT_LOCKED", "limit_reached"):
            try:
                ErrorCode.objects.create(code=code, status=423, title="T", message=code)
            except Exception:  # a database that ignores case refuses it itself
                pytest.skip("The database ignores case.")
        loaded = [row["code"] for row in load_rows("default")]
        assert "VAULT_LOCKED" not in loaded
        assert [code for code in loaded if code.lower() == "limit_reached"] == ["LIMIT_REACHED"]

    def test_the_documentation_has_a_page_of_it_and_finds_it_in_any_case(self, client):
        assert client.get("/errors/vault_locked/").status_code == 200
        assert client.get("/errors/vault_locked.json").json()["code"] == "vault_locked"
        assert client.get("/errors/VAULT_LOCKED/")["Location"] == "/errors/vault_locked/"
        assert "vault_locked" in client.get("/errors/", {"q": "Vault_L"}).content.decode()
        assert "vault_locked" in [entry["code"] for entry in client.get("/errors/catalog.json").json()["codes"]]

    def test_the_command_explains_and_imports_it(self, tmp_path):
        out = io.StringIO()
        call_command("apierrors", "explain", "Vault_Locked", stdout=out)
        assert "vault_locked" in out.getvalue()
        ErrorCode.objects.create(code="vault_locked", message="Edited.", defined=True)
        file = tmp_path / "codes.json"
        call_command("apierrors", "export", "--output", str(file), stdout=out)
        ErrorCode.objects.all().delete()
        call_command("apierrors", "import", str(file), stdout=out)
        assert ErrorCode.objects.get(code="vault_locked").message == "Edited."
