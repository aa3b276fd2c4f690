"""Who sends a request: what servers and proxies say, and nothing that a client says."""

import pytest
from django.test import RequestFactory

from django_apierrors.client_ip import client_address, client_ip, own_address, parse_address, parse_network

INNER, OUTER, CLIENT = "10.0.0.2", "192.0.2.80", "203.0.113.5"


def request(peer, *forwarded):
    meta = {"HTTP_X_FORWARDED_FOR": ", ".join(forwarded)} if forwarded else {}
    return RequestFactory().get("/", REMOTE_ADDR=peer, **meta)


@pytest.fixture
def trust(settings):
    def trusted(*proxies):
        settings.APIERRORS = {**settings.APIERRORS, "TRUSTED_PROXIES": proxies}

    return trusted


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("203.0.113.5", "203.0.113.5"),
        (" 203.0.113.5 ", "203.0.113.5"),
        ('"203.0.113.5"', "203.0.113.5"),
        ("203.0.113.5:443", "203.0.113.5"),
        ("::1", "::1"),
        ("[::1]", "::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ('"[2001:db8::1]:443"', "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:203.0.113.5", "203.0.113.5"),
        ("::FFFF:cb00:7105", "203.0.113.5"),
        ("[::ffff:203.0.113.5]:443", "203.0.113.5"),
    ],
)
def test_an_address_is_read_with_and_without_a_port(text, address):
    assert str(parse_address(text)) == address


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "unknown", "_hidden", "unix:", "localhost", "203.0.113", "203.0.113.5.6", "203.0.113.256",
        "203.0.113.5:", "203.0.113.5:x", "010.0.0.1", "10.0.0.1/32", "[", "[]", "[]:1", "[203.0.113.5", "[::1", "::1]",
        "2001:db8::1:", ":::", "1" * 10_000, "\x00", "\u0661.1.1.1", "203.0.113.5\n203.0.113.6", "-1", "0x7f000001",
        "2130706433",
    ],
)  # fmt: skip
def test_what_is_no_address_is_none(text):
    assert parse_address(text) is None


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("10.0.0.1", "10.0.0.1/32"),
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("2001:db8::/32", "2001:db8::/32"),
        ("::1", "::1/128"),
        ("::ffff:10.0.0.1", "10.0.0.1/32"),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
        ("::/0", "::/0"),
    ],
)
def test_a_network_is_an_address_or_a_block(text, network):
    assert str(parse_network(text)) == network


@pytest.mark.parametrize("text", ["", "x", "10.0.0.1/8", "10.0.0.0/33", "10.0.0", "10.0.0.0/8/8", "10.0.0.0-10.0.0.9"])
def test_what_is_no_network_is_refused(text):
    with pytest.raises(ValueError):
        parse_network(text)


@pytest.mark.parametrize("forwarded", [(), (CLIENT,), ("10.0.0.1",), ("10.0.0.1", INNER)])
def test_without_proxies_the_header_is_not_even_read(forwarded):
    assert str(client_address(request(OUTER, *forwarded))) == OUTER


def test_the_header_of_a_peer_that_is_not_trusted_is_worth_nothing(trust):
    trust("10.0.0.0/8")
    assert str(client_address(request(CLIENT, "10.0.0.1"))) == CLIENT


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ((CLIENT,), CLIENT),
        (("10.0.0.1", CLIENT), CLIENT),
        (("1.1.1.1", "10.0.0.1", CLIENT, OUTER), CLIENT),
        ((f"{CLIENT}:5678", f"{OUTER}:80"), CLIENT),
        (("[2001:db8::1]:443", OUTER), "2001:db8::1"),
        ((f"::ffff:{CLIENT}", f"::ffff:{OUTER}"), CLIENT),
        ((OUTER,), OUTER),
        ((), INNER),
        ((" ", ""), INNER),
        ((CLIENT, "", " "), CLIENT),
        (("10.0.0.1", "unknown"), "None"),
        (("unknown", OUTER), "None"),
        ((CLIENT, "<script>"), "None"),
    ],
)
def test_entries_are_read_from_the_right_as_long_as_their_writer_is_trusted(forwarded, address, trust):
    trust(OUTER, "10.0.0.0/8")
    assert str(client_address(request(INNER, *forwarded))) == address


def test_the_peer_may_come_in_the_coat_of_ipv6(trust):
    trust("10.0.0.0/8")
    assert str(client_address(request(f"::ffff:{INNER}", CLIENT))) == CLIENT


@pytest.mark.parametrize("peer", ["", "unix:", "unix:/run/nginx.sock"])
def test_a_socket_of_the_file_system_is_trusted_by_name_only(peer, trust):
    assert client_address(request(peer, CLIENT)) is None
    trust("10.0.0.0/8")
    assert client_address(request(peer, CLIENT)) is None
    trust("unix")
    assert str(client_address(request(peer, "10.0.0.1", CLIENT))) == CLIENT
    assert client_address(request(peer)) is None


def test_a_request_without_a_peer_is_nobody(trust):
    for proxies in ((), ("10.0.0.0/8",)):
        trust(*proxies)
        asked = request("x", CLIENT)
        del asked.META["REMOTE_ADDR"]
        assert client_address(asked) is None


def test_a_proxy_that_is_no_network_is_no_reason_to_believe_anybody(trust):
    trust("10.0.0.1/8", "nonsense", "")
    assert str(client_address(request(INNER, CLIENT))) == INNER


def test_of_a_header_of_any_length_only_the_last_entries_are_read(trust, monkeypatch):
    read = []

    def spy(text):
        read.append(text)
        return parse_address(text)

    monkeypatch.setattr("django_apierrors.client_ip.parse_address", spy)
    trust("10.0.0.0/8")
    assert str(client_address(request(INNER, CLIENT, *[INNER] * 100_000))) == INNER
    assert len(read) <= 30


@pytest.mark.parametrize(
    ("peer", "named"),
    [
        (CLIENT, CLIENT),
        (f"::ffff:{CLIENT}", CLIENT),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("", ""),
        ("unknown", ""),
    ],
)
def test_one_client_has_one_name(peer, named):
    assert client_ip(request(peer)) == named


# The address for an exemption


@pytest.mark.parametrize(
    ("peer", "headers", "expected"),
    [
        ("10.0.0.5", {}, "10.0.0.5"),
        ("10.0.0.5", {"X-Forwarded-For": "203.0.113.9"}, None),
        ("10.0.0.5", {"X-Forwarded-For": "10.0.0.5, 203.0.113.9"}, None),
        ("10.0.0.5", {"X-Forwarded-For": ""}, None),
        ("10.0.0.5", {"X-Real-IP": "203.0.113.9"}, None),
        ("10.0.0.5", {"X-Real-IP": "203.0.113.9", "X-Forwarded-For": "10.0.0.5"}, None),
        ("10.0.0.5", {"Forwarded": 'for="[2001:db8::1]:4711";proto=https'}, None),
        ("10.0.0.5", {"Forwarded": "for=10.0.0.5, for=203.0.113.9"}, None),
        ("10.0.0.5", {"Forwarded": "proto=https"}, None),
        ("10.0.0.5", {"Forwarded": "by=10.0.0.1;For=10.0.0.5"}, "10.0.0.5"),
        # A server that has put the address of the client in the place of that of the proxy.
        ("203.0.113.9", {"X-Forwarded-For": "1.2.3.4, 203.0.113.9"}, "203.0.113.9"),
        ("2001:db8::1", {"Forwarded": 'for="[2001:db8::1]:4711"'}, "2001:db8::1"),
        ("192.0.2.1", {"X-Forwarded-For": "203.0.113.9"}, "203.0.113.9"),
        ("192.0.2.1", {"X-Forwarded-For": "10.0.0.5, 203.0.113.9"}, "203.0.113.9"),
        ("192.0.2.1", {"X-Real-IP": "203.0.113.9"}, None),
        ("192.0.2.1", {}, "192.0.2.1"),
        ("", {}, None),
    ],
)
def test_the_address_of_a_proxy_nobody_named_exempts_nobody(peer, headers, expected, settings, rf):
    settings.APIERRORS = {"TRUSTED_PROXIES": ["192.0.2.1"]}
    found = own_address(rf.get("/", REMOTE_ADDR=peer, headers=headers))
    assert (found and str(found)) == expected
