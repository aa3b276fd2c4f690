"""The contract of the built-in codes, and what may be registered."""

import pytest
from django.utils.functional import Promise

from django_apierrors import codes
from django_apierrors.codes import ErrorDefinition, phrase, register, type_for
from django_apierrors.text import placeholders

#: A promise to clients: none of these may change without a new major version.
CONTRACT = """
INVALID_REQUEST 400 never validation_error
REQUEST_MALFORMED 400 never validation_error
PARAM_NOT_FOUND 400 never validation_error
VALIDATION_FAILED 400 never validation_error
AUTH_KEY_NOT_FOUND 401 never auth_error
AUTH_KEY_INVALID 401 never auth_error
PERMISSION_DENIED 403 never auth_error
CSRF_FAILED 403 never auth_error
INSUFFICIENT_SCOPE 403 never auth_error
RESOURCE_NOT_FOUND 404 never validation_error
ENDPOINT_NOT_FOUND 404 never validation_error
METHOD_NOT_ALLOWED 405 never validation_error
NOT_ACCEPTABLE 406 never validation_error
RESOURCE_CONFLICT 409 never validation_error
IDEMPOTENCY_KEY_MISSING 400 never idempotency_error
IDEMPOTENCY_KEY_REUSED 422 never idempotency_error
IDEMPOTENCY_KEY_IN_USE 409 safe idempotency_error
GONE 410 never validation_error
PRECONDITION_FAILED 412 never validation_error
PAYLOAD_TOO_LARGE 413 never validation_error
UNSUPPORTED_MEDIA_TYPE 415 never validation_error
UNPROCESSABLE_REQUEST 422 never validation_error
RATE_TOO_HIGH 429 safe rate_limit_error
INTERNAL_SERVER_ERROR 500 idempotent api_error
BAD_GATEWAY 502 idempotent api_error
SERVICE_UNAVAILABLE 503 safe api_error
REQUEST_INTERRUPTED 503 idempotent api_error
MAINTENANCE 503 safe api_error
READ_ONLY 503 safe api_error
RATE_LIMITER_UNAVAILABLE 503 safe api_error
GATEWAY_TIMEOUT 504 idempotent api_error
OAUTH_INVALID_REQUEST 400 never validation_error
OAUTH_INVALID_CLIENT 401 never auth_error
OAUTH_INVALID_GRANT 400 never validation_error
OAUTH_UNAUTHORIZED_CLIENT 400 never validation_error
OAUTH_UNSUPPORTED_GRANT_TYPE 400 never validation_error
OAUTH_UNSUPPORTED_RESPONSE_TYPE 400 never validation_error
OAUTH_INVALID_SCOPE 400 never validation_error
OAUTH_FORBIDDEN_SCOPE 400 never validation_error
OAUTH_ACCESS_DENIED 400 never validation_error
OAUTH_AUTHORIZATION_PENDING 400 safe validation_error
OAUTH_SLOW_DOWN 400 safe validation_error
OAUTH_EXPIRED_TOKEN 400 never validation_error
OAUTH_SERVER_ERROR 500 idempotent api_error
OAUTH_TEMPORARILY_UNAVAILABLE 503 safe api_error
"""


@pytest.fixture
def own_codes(monkeypatch):
    """Codes registered in a test are gone after it."""
    monkeypatch.setattr(codes, "registry", dict(codes.registry))
    monkeypatch.setattr(codes, "_conflicts", [])


def defined(**fields):
    return ErrorDefinition(**{"code": "QUOTA_USED", "status": 409, "title": "Quota used", "message": "No.", **fields})


@pytest.mark.parametrize("line", CONTRACT.split("\n")[1:-1])
def test_a_built_in_code_keeps_its_contract(line):
    code, status, retry, type_ = line.split()
    definition = codes.get(code)
    assert (definition.status, definition.retry, definition.type) == (int(status), retry, type_)


def test_every_built_in_code_is_in_the_contract():
    built_in = {definition["code"] for definition in codes.BUILTIN_CODES}
    assert built_in == {line.split()[0] for line in CONTRACT.split("\n")[1:-1]}


@pytest.mark.parametrize(
    "definition", [codes.get(each["code"]) for each in codes.BUILTIN_CODES], ids=lambda each: each.code
)
def test_a_built_in_code_is_explained_in_words_that_can_be_translated(definition):
    assert isinstance(definition.title, Promise)
    assert not placeholders(str(definition.title))
    assert definition.message
    assert definition.causes
    assert definition.remedy
    assert all(isinstance(text, Promise) for text in (*definition.causes, *definition.remedy))


@pytest.mark.parametrize("code", ["PERMISSION_DENIED", "AUTH_KEY_INVALID", "RESOURCE_NOT_FOUND", "RATE_TOO_HIGH"])
def test_words_of_a_raise_site_are_withheld_where_they_may_tell_too_much(code):
    assert not codes.get(code).pass_detail


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_words_of_a_raise_site_are_withheld_from_a_5xx(status):
    assert not defined(status=status).pass_detail
    assert defined(status=status, pass_detail=True).pass_detail


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"code": "Mixed_case"}, "'Mixed_case' is not valid: use 2 to 63 letters of one case"),
        ({"code": "A"}, "is not valid"),
        ({"code": "A_"}, "is not valid"),
        ({"code": "1A"}, "is not valid"),
        ({"code": "ENDS\n"}, "is not valid"),
        ({"code": "X" * 64}, "is not valid"),
        ({"code": None}, "None is not valid"),
        ({"status": 200}, "QUOTA_USED: status 200 is not an error; use a status from 400 to 599"),
        ({"status": 600}, "status 600 is not an error"),
        ({"status": "409"}, "status '409' is not an error"),
        ({"retry": "often"}, "retry 'often' is unknown; use one of never, safe, idempotent"),
        ({"type": "oops"}, "type 'oops' is unknown; use one of api_error"),
    ],
    ids=str,
)
def test_an_unsound_contract_is_refused_in_words_that_help(fields, words):
    with pytest.raises(ValueError, match=words):
        defined(**fields)


@pytest.mark.parametrize("code", ["A1", "OK", "INSUFFICIENT_BALANCE", "X" * 63])
def test_sound_codes_are_taken(code):
    assert defined(code=code).code == code


def test_a_later_definition_rewords_a_code(own_codes, api, set_view):
    from django_apierrors.exceptions import ResourceConflict

    register(defined(code="RESOURCE_CONFLICT", title="Clash", message="Two at once."))
    set_view(ResourceConflict())
    assert api.get("/api/drf").json()["error"]["message"] == "Two at once."
    assert codes.conflicts() == ()


def test_a_later_definition_with_another_status_is_refused_and_kept_for_the_check(own_codes):
    register(defined())
    refused = register(defined(status=410))
    assert codes.get("QUOTA_USED").status == 409
    assert codes.conflicts() == ((codes.get("QUOTA_USED"), refused),)
    assert refused not in codes.definitions()


def test_definitions_come_in_the_order_of_registration(own_codes):
    register(defined())
    listed = [definition.code for definition in codes.definitions()]
    assert listed[0] == "INVALID_REQUEST"
    assert listed[-1] == "QUOTA_USED"


def test_an_unknown_code_has_no_definition():
    assert codes.get("NO_SUCH") is None


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (404, "Not Found"),
        (413, "Content Too Large"),
        (422, "Unprocessable Content"),
        (418, "I'm a Teapot"),
        (599, "Error"),
    ],
)
def test_phrases_are_those_of_the_rfc(status, words):
    assert phrase(status) == words


@pytest.mark.parametrize(
    ("status", "type_"),
    [
        (400, "validation_error"),
        (401, "auth_error"),
        (403, "auth_error"),
        (404, "validation_error"),
        (429, "rate_limit_error"),
        (500, "api_error"),
        (599, "api_error"),
    ],
)
def test_the_type_follows_from_the_status(status, type_):
    assert type_for(status) == type_
