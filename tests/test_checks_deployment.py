"""``check --deploy``: what a setting opens to everybody or switches off is said; a right deployment has no message."""

from datetime import timedelta

import pytest
from django.core.checks import WARNING, run_checks
from django.db import OperationalError, connection, models, transaction
from django.utils import timezone

from django_apierrors import maintenance
from django_apierrors.models import MaintenanceWindow
from django_apierrors.ratelimit import keys, policies


@pytest.fixture(autouse=True)
def configure(settings, monkeypatch):
    """Change keys of APIERRORS in a project that is right, without the limits that modules of other tests declare."""
    monkeypatch.setattr(policies, "DECLARED_LIMITS", set())
    monkeypatch.setattr(policies, "_parsed", {})
    monkeypatch.setattr(keys, "DOTTED_PATHS", set())

    def change(**keys):
        settings.APIERRORS = {"REFRESH_SECONDS": None, **keys}

    change()
    return change


def messages():
    return run_checks(tags=["django_apierrors"], include_deployment_checks=True)


def the_message(number):
    found = messages()
    assert [(message.id, message.level) for message in found] == [(f"django_apierrors.{number}", WARNING)], found
    # Nothing of it without --deploy.
    assert run_checks(tags=["django_apierrors"]) == []
    return found[0]


def test_a_right_deployment_has_no_message(configure, settings):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.RATELIMIT_ENABLE = True
    configure(
        STRICT=False,
        TRUSTED_PROXIES=["10.0.0.0/8", "104.16.0.0/13", "2400:cb00::/32", "fd00::/8", "unix"],
        MAINTENANCE={"FORCE": None},
        DOCS={"BASE_URL": "https://api.example.com"},
    )
    assert messages() == []


@pytest.mark.parametrize(
    ("proxies", "named"),
    [
        (["0.0.0.0/0"], "0.0.0.0/0"),
        (["10.0.0.0/8", "::/0"], "::/0"),
        (["0.0.0.0/1", "128.0.0.0/1"], "0.0.0.0/0"),
        ([f"{first}.0.0.0/8" for first in range(256)], "0.0.0.0/0"),
        (["::ffff:0.0.0.0/96"], "0.0.0.0/0"),
        (["64.0.0.0/7"], "64.0.0.0/7"),
        (["2000::/3"], "2000::/3"),
        (["2600::/15", "unix"], "2600::/15"),
    ],
)
def test_w012_proxies_that_are_everybody_are_named(configure, proxies, named):
    configure(TRUSTED_PROXIES=proxies)
    message = the_message("W012")
    assert f"trusts {named}: any client can choose its own address" in message.msg
    assert "addresses of your proxies" in message.hint


@pytest.mark.parametrize("proxies", [["192.0.2.0/24"], ["11.0.0.0/8"], ["fc00::/7"], ["unix"], []])
def test_proxies_of_one_operator_are_right(configure, proxies):
    configure(TRUSTED_PROXIES=proxies)
    assert messages() == []


def test_a_proxy_that_is_no_network_is_an_error_of_its_own(configure):
    configure(TRUSTED_PROXIES=["nowhere", "0.0.0.0/0"])
    assert {message.id[-4:] for message in messages()} == {"E015", "W012"}


def test_settings_of_a_wrong_type_are_said_once(configure):
    configure(TRUSTED_PROXIES="0.0.0.0/0", STRICT=True)
    assert [message.id for message in messages()] == ["django_apierrors.E002"]


def test_w009_a_proxy_that_nobody_named_counts_for_maintenance_too(configure, settings):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    message = the_message("W009")
    assert "the exempt networks of maintenance are compared with its address" in message.msg
    assert '"TRUSTED_PROXIES": ["10.0.0.0/8"]' in message.hint
    configure(TRUSTED_PROXIES=["10.0.0.0/8"])
    assert messages() == []


@pytest.mark.parametrize("value", [False, None, 0])
def test_w013_limits_that_are_switched_off_are_named(settings, value):
    settings.RATELIMIT_ENABLE = value
    message = the_message("W013")
    assert "RATELIMIT_ENABLE" in message.msg and "no rate limit refuses" in message.msg
    assert "Remove it" in message.hint


@pytest.mark.parametrize(("force", "is_right"), [(False, False), (True, True), (None, True)])
def test_w014_a_switch_without_effect_is_named(configure, force, is_right):
    configure(MAINTENANCE={"FORCE": force})
    if is_right:
        assert messages() == []
        return
    message = the_message("W014")
    assert "cannot be turned on in the admin" in message.msg
    assert "Set it to None" in message.hint


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("networks", "named"),
    [
        (["10.0.0.0/8"], "10.0.0.0/8"),
        (["203.0.113.0/24", "127.0.0.1"], "127.0.0.1/32"),
        (["::1", "fd00::/8"], "::1/128, fd00::/8"),
        (["192.168.1.7", "172.16.0.0/12"], "192.168.1.7/32, 172.16.0.0/12"),
    ],
)
def test_w015_a_window_that_exempts_a_proxy_nobody_named_is_named(configure, networks, named):
    maintenance.enable(starts_at=timezone.now() + timedelta(days=1), exempt_networks=networks)
    message = the_message("W015")
    assert f"exempts {named}, and" in message.msg
    assert "everybody who comes through a proxy there passes" in message.msg
    assert '"TRUSTED_PROXIES": ["10.0.0.0/8"]' in message.hint
    configure(TRUSTED_PROXIES=["10.0.0.1"])
    assert messages() == []


@pytest.mark.django_db
def test_w015_a_window_that_exempts_everybody_is_named_whatever_is_trusted(configure):
    configure(TRUSTED_PROXIES=["10.0.0.1"])
    maintenance.enable(exempt_networks=["0.0.0.0/0"])
    message = the_message("W015")
    assert "exempts 0.0.0.0/0: nearly everybody" in message.msg
    assert "those who are to pass" in message.hint


@pytest.mark.django_db
def test_windows_that_exempt_clients_or_are_over_are_right(django_assert_num_queries):
    maintenance.enable(exempt_networks=["203.0.113.0/24", "2001:db8::/64"])
    now = timezone.now()
    MaintenanceWindow.objects.create(
        starts_at=now - timedelta(hours=2), ends_at=now - timedelta(hours=1), exempt_networks=["10.0.0.0/8"]
    )
    with django_assert_num_queries(3):  # in a savepoint
        assert messages() == []


def test_without_a_database_the_other_checks_go_on(configure):
    # pytest-django forbids queries here.
    configure(STRICT=True)
    the_message("W017")


@pytest.mark.django_db
def test_a_database_that_fails_breaks_neither_the_check_nor_a_transaction(configure, monkeypatch):
    def fail(*args, **kwargs):
        raise OperationalError("down")

    configure(STRICT=True)
    with transaction.atomic():
        with connection.execute_wrapper(fail):
            assert [message.id for message in messages()] == ["django_apierrors.W017"]
        monkeypatch.setattr(MaintenanceWindow._meta, "db_table", "nowhere")
        assert [message.id for message in messages()] == ["django_apierrors.W017"]
        monkeypatch.undo()
        assert MaintenanceWindow.objects.aggregate(count=models.Count("pk")) == {"count": 0}


@pytest.mark.parametrize("url", ["http://api.example.com", "HTTP://api.example.com/"])
def test_w016_links_without_encryption_are_named(configure, url):
    configure(DOCS={"BASE_URL": url})
    if url.startswith("HTTP"):  # no URL at all to the other check
        assert [message.id for message in messages()] == ["django_apierrors.E002"]
        return
    message = the_message("W016")
    assert repr(url) in message.msg
    assert "https://" in message.hint


@pytest.mark.parametrize(("strict", "is_right"), [(True, False), (False, True), (None, True)])
def test_w017_a_strict_deployment_is_named(configure, strict, is_right):
    configure(STRICT=strict)
    if is_right:
        assert messages() == []
        return
    message = the_message("W017")
    assert "becomes a 500" in message.msg
    assert "development and tests" in message.hint
