"""Where a webhook may lead: into the public internet, and into no network that only we can see.

Whoever writes a webhook's address makes us connect to it. What counts is the address that is connected to, never the name:
a name may lead anywhere, and elsewhere a moment later. See the IANA's registries of special-purpose addresses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_SCHEMES = {"http": 80, "https": 443}
_LONGEST_URL = 2000
_FIRST_FREE_PORT = 1024

# Written out: which of these ``is_global`` knows depends on the release of Python.
_RESERVED = [
    ("0.0.0.0/8", "this network"),
    ("10.0.0.0/8", "private"),
    ("100.64.0.0/10", "shared between a provider's customers"),
    ("127.0.0.0/8", "loopback"),
    ("169.254.0.0/16", "link-local"),
    ("172.16.0.0/12", "private"),
    ("192.0.0.0/24", "reserved"),
    ("192.0.2.0/24", "for documentation"),
    ("192.31.196.0/24", "reserved"),
    ("192.52.193.0/24", "reserved"),
    ("192.88.99.0/24", "reserved"),
    ("192.168.0.0/16", "private"),
    ("192.175.48.0/24", "reserved"),
    ("198.18.0.0/15", "for benchmarks"),
    ("198.51.100.0/24", "for documentation"),
    ("203.0.113.0/24", "for documentation"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved"),
    ("2001::/23", "reserved"),
    ("2001:db8::/32", "for documentation"),
    ("2620:4f:8000::/48", "reserved"),
    ("3fff::/20", "for documentation"),
    ("::1/128", "loopback"),
    ("fc00::/7", "unique local"),
    ("fe80::/10", "link-local"),
    ("ff00::/8", "multicast"),
]
_RESERVED_NETWORKS = [(ip_network(text), why) for text, why in _RESERVED]
_PUBLIC_IPV6 = IPv6Network("2000::/3")
# Addresses that carry an IPv4 address, and how many bits come after it.
_CARRIERS = [
    (IPv6Network("::ffff:0:0/96"), 0),
    (IPv6Network("::ffff:0:0:0/96"), 0),
    (IPv6Network("64:ff9b::/96"), 0),
    (IPv6Network("2002::/16"), 80),
]


class TargetRefused(ValueError):
    """The address must not be connected to; the text says why, and names no more than was asked for."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address of the web, taken apart: ``host`` without brackets, ``path`` with its query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """Host and port as the ``Host`` header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _SCHEMES[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The address in one piece."""
        return f"{self.scheme}://{self.authority}{self.path}"

    def url_at(self, address: Address) -> str:
        """The address with the number in place of the name: what is connected to."""
        host = f"[{address}]" if address.version == 6 else str(address)
        return f"{self.scheme}://{host}:{self.port}{self.path}"


def read_target(url: str) -> Target:
    """Return *url* taken apart; raise ``TargetRefused`` unless it is plain http or https on a port that is sane."""
    if len(url) > _LONGEST_URL:
        raise TargetRefused(f"the address is longer than {_LONGEST_URL} characters")
    if any(ord(character) <= 32 or ord(character) == 127 for character in url) or "\\" in url:
        raise TargetRefused("the address holds blanks, control characters or backslashes")
    try:
        parts = urlsplit(url)
        scheme, port, host = parts.scheme.lower(), parts.port, parts.hostname or ""
        host = host if ":" in host else host.encode("idna").decode()
    except (ValueError, UnicodeError):
        raise TargetRefused("this is no address of the web") from None
    if scheme not in _SCHEMES:
        raise TargetRefused(f"only http and https are used, not {scheme[:20]!r}")
    if not host or "%" in host:
        raise TargetRefused("the address names no host")
    if parts.username is not None or parts.password is not None:
        raise TargetRefused("the address must not hold a user or a password")
    port = _SCHEMES[scheme] if port is None else port
    if port not in _SCHEMES.values() and port < _FIRST_FREE_PORT:
        raise TargetRefused(f"port {port} is not one of the web's")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(scheme, host, port, path)


def checked(
    target: Target, addresses: Sequence[str], allowed: Sequence[Network] = ()
) -> list[Address]:
    """Return the addresses that *target*'s name has; raise ``TargetRefused`` if one of them must not be connected to.

    One is enough to refuse them all: a name that is both public and private is a trap, or a mistake.
    """
    found: list[Address] = []
    for text in addresses:
        address = ip_address(text.partition("%")[0])
        why = refusal(address, allowed)
        if why:
            raise TargetRefused(f"{target.host} leads to {address}, which is {why}")
        found.append(address)
    if not found:
        raise TargetRefused(f"{target.host} leads nowhere")
    return found


def refusal(address: Address, allowed: Sequence[Network] = ()) -> str:
    """Return why *address* must not be connected to; nothing if it may be."""
    carried = _carried(address)
    if carried is not None:
        return refusal(carried, allowed)
    if any(address in network for network in allowed):
        return ""
    for network, why in _RESERVED_NETWORKS:
        if address in network:
            return why
    if isinstance(address, IPv6Address) and address not in _PUBLIC_IPV6:
        return "reserved"
    return ""


def _carried(address: Address) -> IPv4Address | None:
    if isinstance(address, IPv6Address):
        for network, bits_after in _CARRIERS:
            if address in network:
                return IPv4Address((int(address) >> bits_after) & 0xFFFF_FFFF)
    return None
