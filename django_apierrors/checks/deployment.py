"""Checks of ``manage.py check --deploy``: settings that switch a protection off, or on for everybody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network, collapse_addresses
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage
from django.db import router, transaction

from ..client_ip import SOCKET, Network, parse_network
from ..conf import conf
from ..models import MaintenanceWindow
from ..snapshot.loader import load_windows
from ..windows import Window
from .ratelimit import is_behind_proxy, is_in_use, is_readable
from .shortcuts import warning

#: The shortest prefixes that one operator has: a block of the IANA, and a private one.
_SHORTEST_IPV4, _SHORTEST_IPV6 = 8, 16
_PRIVATE_IPV6 = IPv6Network("fc00::/7")
#: Where proxies have their addresses: loopback (RFC 1122, RFC 4291), private (RFC 1918, RFC 4193), shared (RFC 6598).
_OF_PROXIES: tuple[Network, ...] = (
    *map(IPv4Network, ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")),
    *(IPv6Network("::1/128"), _PRIVATE_IPV6),
)
_NAME_PROXY = 'APIERRORS = {"TRUSTED_PROXIES": ["10.0.0.0/8"]}, or "unix" for a socket'


def check_deployment(**kwargs: Any) -> list[CheckMessage]:
    """W009, W012 to W017, with ``--deploy``: what is open to everybody; one query, and none that fails."""
    if not is_readable():
        return []
    return [
        *_trusted_proxies(),
        *_unknown_proxy(),
        *_disabled_rate_limits(),
        *_disabled_maintenance(),
        *_exempt_proxies(),
        *_insecure_documentation(),
        *_strict(),
    ]


def _trusted_proxies() -> Iterator[CheckMessage]:
    networks = []
    for text in conf.TRUSTED_PROXIES:
        try:
            networks.extend([] if text == SOCKET else [parse_network(text)])
        except ValueError:
            continue  # E015
    # Two halves of the Internet are the Internet.
    wide = [str(network) for network in _collapse(networks) if _is_wide(network)]
    if wide:
        message = f"APIERRORS['TRUSTED_PROXIES'] trusts {', '.join(wide)}: any client can choose its own address."
        yield warning(12, message, "Name the addresses of your proxies only, e.g. 10.0.3.0/24.")


def _collapse(networks: Iterable[Network]) -> list[Network]:
    ipv4 = [network for network in networks if isinstance(network, IPv4Network)]
    ipv6 = [network for network in networks if isinstance(network, IPv6Network)]
    return [*collapse_addresses(ipv4), *collapse_addresses(ipv6)]


def _is_wide(network: Network) -> bool:
    if isinstance(network, IPv4Network):
        return network.prefixlen < _SHORTEST_IPV4
    return network.prefixlen < _SHORTEST_IPV6 and not network.subnet_of(_PRIVATE_IPV6)


def _unknown_proxy() -> Iterator[CheckMessage]:
    # With rate limits another check says it at any time.
    if is_behind_proxy() and not conf.TRUSTED_PROXIES and not is_in_use():
        message = (
            "Requests come through a proxy, but APIERRORS['TRUSTED_PROXIES'] is empty: the exempt networks of "
            "maintenance are compared with its address, not with those of clients."
        )
        yield warning(9, message, f"Name the proxy: {_NAME_PROXY}.")


def _disabled_rate_limits() -> Iterator[CheckMessage]:
    if not getattr(settings, "RATELIMIT_ENABLE", True):
        hint = "Remove it from the settings of the deployment."
        yield warning(13, "RATELIMIT_ENABLE is False: no rate limit refuses a request.", hint)


def _disabled_maintenance() -> Iterator[CheckMessage]:
    if conf.MAINTENANCE["FORCE"] is False:
        message = "APIERRORS['MAINTENANCE']['FORCE'] is False: maintenance cannot be turned on in the admin."
        yield warning(14, message, "Set it to None, so that the windows of the admin count.")


def _exempt_proxies() -> Iterator[CheckMessage]:
    """Yield a warning for each window that exempts what everybody may come from."""
    for window in _read_windows():
        wide = [network for network in _collapse(window.exempt_networks) if _is_wide(network)]
        proxies = () if conf.TRUSTED_PROXIES else filter(_may_have_proxy, window.exempt_networks)
        exempt = ", ".join(dict.fromkeys(map(str, (*wide, *proxies))))
        if exempt and wide:
            message = f"The maintenance {_describe(window)} exempts {exempt}: nearly everybody."
            yield warning(15, message, "Name the networks of those who are to pass.")
        elif exempt:
            message = (
                f"The maintenance {_describe(window)} exempts {exempt}, and APIERRORS['TRUSTED_PROXIES'] is empty: "
                "everybody who comes through a proxy there passes."
            )
            yield warning(15, message, f"Name the proxy: {_NAME_PROXY}; or silence this if there is none.")


def _read_windows() -> list[Window]:
    """Return the windows that are open or upcoming, none when the database does not answer."""
    try:
        using = router.db_for_write(MaintenanceWindow)
        with transaction.atomic(using=using):  # a failing query must not break the transaction of a caller
            return list(load_windows(using))
    except Exception:  # no database, no table, or no queries allowed: a check of settings never fails for it
        return []


def _may_have_proxy(network: Network) -> bool:
    return any(network.version == known.version and network.overlaps(known) for known in _OF_PROXIES)


def _describe(window: Window) -> str:
    starts_at = window.starts_at
    return f"of {starts_at:%Y-%m-%d %H:%M} UTC" if starts_at else "that is on"


def _insecure_documentation() -> Iterator[CheckMessage]:
    url = conf.DOCS["BASE_URL"]
    if url and url.lower().startswith("http://"):
        message = f"APIERRORS['DOCS']['BASE_URL'] is {url!r}: every error links to a page without encryption."
        yield warning(16, message, "Begin it with https://.")


def _strict() -> Iterator[CheckMessage]:
    if conf.STRICT is True:
        message = "APIERRORS['STRICT'] is True: an error with an unknown code becomes a 500."
        yield warning(17, message, "Set it in the settings of development and tests only.")
