"""What Django says of models and constraints is said in neutral words; what a project says stays."""

import logging

import pytest
from django import forms
from django.conf import global_settings
from django.contrib.auth.models import Permission
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.utils import translation
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from shop.models import Account, Payment

from django_apierrors import model_texts
from django_apierrors.testing import assert_api_error

TAKEN = "This value is already in use."
TOGETHER = "This combination of values is already in use."
RULE = CheckConstraint(condition=Q(amount__gt=0), name="payment_eu7_positive")
TOLD = CheckConstraint(condition=Q(amount__gt=0), name="told", violation_error_message="Pay something.")


def unique():
    return Account().unique_error_message(Account, ("number",))


def unique_together():
    return Permission().unique_error_message(Permission, ("content_type", "codename"))


def relation():
    field = Payment._meta.get_field("account")
    params = {"model": Account._meta.verbose_name, "pk": 7, "field": "id", "value": "7 secret " * 300}
    return DjangoValidationError(field.error_messages["invalid"], code="invalid", params=params)


def constraint():
    return DjangoValidationError(RULE.get_violation_error_message())


def for_a_month(monkeypatch):
    monkeypatch.setattr(Account._meta.get_field("number"), "unique_for_month", "number")
    return Account().date_error_message("month", "number", "number")


CASES = [
    (unique, TAKEN, "unique"),
    (unique_together, TOGETHER, "unique_together"),
    (relation, "There is no object with this value.", "invalid"),
    (constraint, "These values are not accepted together.", "invalid"),
]


class Checked(serializers.Serializer):
    refusal = None

    def validate(self, attrs):
        raise type(self).refusal


class Asked(forms.Form):
    refusal = None

    def clean(self):
        raise type(self).refusal


def from_serializer(exc):
    Checked.refusal = exc
    Checked(data={}).is_valid(raise_exception=True)


def from_form(exc):
    Asked.refusal = exc
    raise ValidationError(Asked({}).errors)


def bare(exc):
    raise exc


def wrapped(exc):
    raise ValidationError({"whole": DjangoValidationError([exc]).messages})


@pytest.mark.parametrize("passed_on", [bare, from_serializer, from_form, wrapped])
@pytest.mark.parametrize(("made", "words", "code"), CASES)
@pytest.mark.parametrize("language", ["en", "de", "ja"])
def test_no_name_of_a_model_or_a_constraint_leaves(passed_on, made, words, code, language, api, set_view):
    set_view(lambda request: passed_on(made()))
    response = api.post("/api/drf", headers={"Accept-Language": language})
    (error,) = response.json()["error"]["errors"]
    with translation.override(language):
        assert error["message"] == translation.gettext(words)
    assert (error["message"] == words) is (language == "en")
    assert error["code"] == (code if passed_on in (bare, from_serializer) else "invalid") or passed_on is wrapped


@pytest.mark.parametrize("code", [code for code, _ in global_settings.LANGUAGES])
def test_djangos_texts_are_known_in_each_of_its_languages(code):
    with translation.override(code):
        for made, *_ in CASES:
            (text,) = made().messages
            assert model_texts.neutral(text, model_texts.templates()) is not None


class Numbered(serializers.ModelSerializer):
    class Meta:
        model = Account
        fields = ["number"]


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", "de", "kk", "mr"])
@pytest.mark.parametrize("made_in", ["", "de", "mr"])
def test_a_model_serializer_names_no_model(language, made_in, api, set_view, settings, monkeypatch):
    monkeypatch.setattr(Account._meta, "verbose_name", "secret ledger")
    Account.objects.create(number="7")

    def view(request):
        with translation.override(made_in or translation.get_language()):
            Numbered(data=request.data).is_valid(raise_exception=True)

    set_view(view)
    response = api.post("/api/drf", {"number": "7"}, "application/json", headers={"Accept-Language": language})
    (error,) = response.json()["error"]["errors"]
    with translation.override(language):
        assert (error["code"], error["message"]) == ("unique", translation.gettext(TAKEN))


@pytest.mark.parametrize("code", [code for code, _ in global_settings.LANGUAGES])
def test_djangos_texts_are_known_in_another_language(code, monkeypatch):
    monkeypatch.setattr(Account._meta, "verbose_name", translation.gettext_lazy("Add another"))  # two words, translated
    monkeypatch.setattr(Account._meta.get_field("number"), "verbose_name", "number of it")
    with translation.override(code):
        texts = [text for made in (unique, relation, constraint) for text in made().messages]
    with translation.override("en"):
        assert None not in [model_texts.neutral(text, model_texts.templates()) for text in texts]


def test_the_language_code_counts_though_languages_does_not_have_it(settings):
    settings.LANGUAGES, settings.LANGUAGE_CODE = [("en", "English")], "de"
    with translation.override("de"):
        (text,) = unique().messages
    with translation.override("en"):
        assert model_texts.neutral(text, model_texts.templates()) is not None


def test_a_date_that_is_taken_is_said_without_names(monkeypatch):
    (text,) = for_a_month(monkeypatch).messages
    words = model_texts.neutral(text, model_texts.templates())
    assert words == "This value is already in use for that time."


@pytest.mark.parametrize(
    "text",
    [
        "Account with this number already exists.",
        "A customer with this Number already exists.",
        "Number must be unique for each month.",
        "parcel instance with id 7 is on its way.",
        TOLD.get_violation_error_message(),
        "This field must be unique.",
        "",
    ],
)
def test_a_text_of_the_project_stays(text, api, set_view):
    set_view(ValidationError({"number": [text]}, code="unique"))
    (error,) = api.post("/api/drf").json()["error"]["errors"]
    assert error["message"] == text or not text


def test_a_conditional_constraint_tells_nothing_either():
    rule = UniqueConstraint(fields=["amount"], condition=Q(amount__gt=0), name="one_open_payment")
    text = rule.get_violation_error_message()
    assert "one_open_payment" in text
    assert model_texts.neutral(text, model_texts.templates()) is not None


@pytest.mark.parametrize("url", ["/api/drf", "/api/plain"])
def test_a_validation_error_that_nobody_handled_is_logged_once_with_its_traceback(url, api, set_view, caplog):
    set_view(lambda request: bare(DjangoValidationError({"number": ["Odd."]})))
    assert_api_error(api.get(url), "VALIDATION_FAILED", 400, message="number: Odd.")
    (record,) = [record for record in caplog.records if record.name == "django_apierrors.client_errors"]
    assert record.levelno == logging.WARNING
    assert record.exc_info[0] is DjangoValidationError


def test_one_of_a_serializer_is_not_logged_and_neither_is_one_that_the_settings_expect(api, set_view, settings, caplog):
    set_view(lambda request: from_serializer(unique()))
    api.post("/api/drf")
    settings.APIERRORS = {"EXCEPTIONS": {"django.core.exceptions.ValidationError": "UNPROCESSABLE_REQUEST"}}
    set_view(lambda request: bare(unique()))
    assert_api_error(api.post("/api/drf"), "UNPROCESSABLE_REQUEST", 422)
    assert not [record for record in caplog.records if record.name.startswith("django_apierrors")]
