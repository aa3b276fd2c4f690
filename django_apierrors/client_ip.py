"""The address of the client: the only reader of ``REMOTE_ADDR`` and ``X-Forwarded-For``; never raises."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from django.http import HttpRequest

from .conf import conf

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

#: An entry of ``TRUSTED_PROXIES`` for a proxy that connects by a socket of the file system.
SOCKET = "unix"

#: Entries of ``X-Forwarded-For`` that are read, from the right: no project has more proxies of its own.
_MAX_PROXIES = 20
# 192.0.2.1:5678 and [2001:db8::1]:5678; a bare IPv6 address has colons of its own.
_WITH_PORT = re.compile(r"\[(?P<v6>[^\]]*)\](?::\d+)?|(?P<v4>[0-9.]+):\d+")
# RFC 7239, 4 and 6: for=192.0.2.60, for="[2001:db8::1]:4711"
_FORWARDED_FOR = re.compile(r"\bfor=\"?(\[[^\]]*\](?::\d+)?|[^;\s\"]+)", re.IGNORECASE)
#: The bits of an IPv6 address that identify a site (RFC 6177, 2).
_SITE_BITS = 64


def client_address(request: HttpRequest) -> Address | None:
    """Return the address of the client, ``None`` when no trusted source has it.

    ``X-Forwarded-For`` is read from the right, as long as the writer of an entry is one of the
    ``TRUSTED_PROXIES``; entries of a client are never believed. An IPv4-mapped IPv6 address
    (RFC 4291, 2.5.5.2) is returned as IPv4.
    """
    peer = request.META.get("REMOTE_ADDR") or SOCKET  # servers leave it empty, or write unix:
    address, proxies = parse_address(peer), conf.TRUSTED_PROXIES
    if not proxies:
        return address
    networks = _parse_networks(tuple(proxies))
    if not (SOCKET in proxies if peer.startswith(SOCKET) else _is_in(address, networks)):
        return address
    for entry in _forwarded_for(request):
        address = parse_address(entry)
        if not _is_in(address, networks):
            break
    return address


def own_address(request: HttpRequest) -> Address | None:
    """Return the address of the client for an exemption, ``None`` when it may be that of a proxy nobody named.

    A proxy says whose request it forwards. Where ``TRUSTED_PROXIES`` does not name the peer, its
    own address would stand for everybody's; a server that has put the address of the client in its
    place agrees with the header.
    """
    address, peer = client_address(request), parse_address(request.META.get("REMOTE_ADDR", ""))
    if address == peer and any(parse_address(entry) != peer for entry in _forwarding_entries(request)):
        return None
    return address


def client_ip(request: HttpRequest) -> str:
    """Return the key of one client: an IPv4 address, the /64 of an IPv6 address, or ``""`` for none."""
    address = client_address(request)
    if isinstance(address, IPv6Address):
        return str(IPv6Network((int(address) >> _SITE_BITS << _SITE_BITS, _SITE_BITS)))
    return str(address or "")


def parse_address(text: str) -> Address | None:
    """Return the address in a text, with or without a port, ``None`` for another text."""
    text = text.strip().strip('"')
    match = _WITH_PORT.fullmatch(text)
    if match:
        text = match["v6"] or match["v4"] or ""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def parse_network(text: str) -> Network:
    """Return the network of an address or a CIDR block; raises ``ValueError`` when it is neither.

    Also raised for a block with host bits (``10.0.0.1/8``), which could mean either.
    """
    network = ip_network(text)
    mapped = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    if mapped is not None and network.prefixlen >= 96:
        return IPv4Network((mapped, network.prefixlen - 96))
    return network


@functools.lru_cache(maxsize=16)
def _parse_networks(proxies: tuple[str, ...]) -> tuple[Network, ...]:
    networks = []
    for text in proxies:
        try:
            networks.append(parse_network(text))
        except ValueError:
            continue  # a system check names it; no proxy is trusted by it
    return tuple(networks)


def _is_in(address: Address | None, networks: Sequence[Network]) -> bool:
    return address is not None and any(address in network for network in networks)


def _forwarding_entries(request: HttpRequest) -> Iterator[str]:
    """Iterate over the last entry of each header in which a proxy names the client, ``""`` for one that names none."""
    for name in ("HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP"):
        if name in request.META:
            yield request.META[name].rpartition(",")[2]
    if "HTTP_FORWARDED" in request.META:
        named = _FORWARDED_FOR.search(request.META["HTTP_FORWARDED"].rpartition(",")[2])
        yield named[1] if named else ""


def _forwarded_for(request: HttpRequest) -> Iterator[str]:
    header: str = request.META.get("HTTP_X_FORWARDED_FOR", "")
    entries = header.rsplit(",", _MAX_PROXIES)[-_MAX_PROXIES:]
    return (entry for entry in reversed(entries) if entry.strip())
