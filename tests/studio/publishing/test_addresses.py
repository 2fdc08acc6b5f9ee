"""A webhook leads into the public internet, however its address is written, and nowhere else."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.publishing.addresses import (
    TargetRefused,
    checked,
    read_target,
    refusal,
)

NAT64 = ip_network("64:ff9b::/96")
INSIDE = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:0:10.0.0.1",
    "::10.0.0.1",
    "64:ff9b::a00:1",
    "64:ff9b:1::a00:1",
    "2002:a00:1::",
    "2001:0:a00:1::",
    "2001:db8::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "100::1",
    "5f00::1",
]
OUTSIDE = [
    "1.1.1.1",
    "93.184.215.14",
    "172.15.0.1",
    "172.32.0.1",
    "192.169.0.1",
    "2606:4700::1111",
    "2a00:1450:4001::5",
    "::ffff:1.1.1.1",
    "64:ff9b::101:101",
    "2002:101:101::",
]


@pytest.mark.parametrize("text", INSIDE)
def test_what_only_we_can_see_is_refused(text: str) -> None:
    """Private, loopback, link-local, multicast, reserved, unique local, and IPv4 inside of IPv6."""
    assert refusal(ip_address(text))


@pytest.mark.parametrize("text", OUTSIDE)
def test_what_everybody_can_see_is_not(text: str) -> None:
    """Addresses just beside a private network are public."""
    assert refusal(ip_address(text)) == ""


@given(
    st.one_of(
        st.ip_addresses(),
        st.sampled_from(INSIDE).map(ip_address),
        st.integers(0, 2**32 - 1).map(lambda number: IPv6Address(0xFFFF << 32 | number)),
    )
)
def test_what_python_calls_private_is_refused(address: IPv4Address | IPv6Address) -> None:
    """The standard library's table and ours agree in the direction that counts."""
    seen = address.ipv4_mapped or address if isinstance(address, IPv6Address) else address
    if not seen.is_global or seen.is_multicast:
        assert refusal(address) or address in NAT64


def test_a_network_may_be_allowed() -> None:
    """Only what lies in it, whichever way it is written."""
    allowed = [ip_network("127.0.0.0/8"), ip_network("fd00::/8")]
    assert refusal(ip_address("127.0.0.1"), allowed) == ""
    assert refusal(ip_address("::ffff:127.0.0.1"), allowed) == ""
    assert refusal(ip_address("fd00::1"), allowed) == ""
    assert refusal(ip_address("10.0.0.1"), allowed) == "private"
    assert refusal(ip_address("::1"), allowed) == "loopback"


def test_a_name_that_is_both_public_and_private_is_refused() -> None:
    """In whichever order its addresses come, and one without any as well."""
    target = read_target("https://example.com/")
    for found in (["1.1.1.1", "10.0.0.1"], ["10.0.0.1", "1.1.1.1"], ["1.1.1.1", "fe80::1%eth0"]):
        with pytest.raises(TargetRefused, match=r"example.com leads to"):
            checked(target, found)
    with pytest.raises(TargetRefused, match="leads nowhere"):
        checked(target, [])
    assert checked(target, ["1.1.1.1", "2606:4700::1111"]) == [
        ip_address("1.1.1.1"),
        ip_address("2606:4700::1111"),
    ]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://example.com/", "only http and https"),
        ("file:///etc/passwd", "only http and https"),
        ("javascript:alert(1)", "only http and https"),
        ("//example.com/", "only http and https"),
        ("", "only http and https"),
        ("http:///path", "no host"),
        ("http://[fe80::1%25eth0]/", "no host"),
        ("http://user@example.com/", "user or a password"),
        ("http://:pass@example.com/", "user or a password"),
        ("http://example.com:22/", "port 22 is not one of the web's"),
        ("http://example.com:0/", "port 0 is not"),
        ("http://example.com:99999/", "no address of the web"),
        ("http://[::1/", "no address of the web"),
        (f"http://{'a' * 64}.com/", "no address of the web"),
        ("http://a..b/", "no address of the web"),
        ("http://exa mple.com/", "blanks"),
        ("http://example.com\\@10.0.0.1/", "backslashes"),
        ("http://example.com/\r\nhost: x", "control characters"),
        (f"http://example.com/{'a' * 2000}", "longer than"),
    ],
)
def test_an_address_that_is_no_plain_web_address_is_refused(url: str, said: str) -> None:
    """Other schemes, odd ports, users in front, and what two parsers could read in two ways."""
    with pytest.raises(TargetRefused, match=said):
        read_target(url)


@pytest.mark.parametrize(
    ("url", "host", "port", "authority", "path"),
    [
        ("https://Example.COM", "example.com", 443, "example.com", "/"),
        ("http://example.com:8080/a?b=c#d", "example.com", 8080, "example.com:8080", "/a?b=c"),
        ("http://[2606:4700::1111]:8080/", "2606:4700::1111", 8080, "[2606:4700::1111]:8080", "/"),
        ("https://bücher.example/", "xn--bcher-kva.example", 443, "xn--bcher-kva.example", "/"),
    ],
)
def test_an_address_is_taken_apart(
    url: str, host: str, port: int, authority: str, path: str
) -> None:
    """Host, port and path are what is connected to; the fragment stays here."""
    target = read_target(url)
    assert (target.host, target.port, target.authority, target.path) == (
        host,
        port,
        authority,
        path,
    )
    assert target.url_at(ip_address("1.1.1.1")) == f"{target.scheme}://1.1.1.1:{port}{path}"
    assert target.url_at(ip_address("::5")) == f"{target.scheme}://[::5]:{port}{path}"


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing else than a refusal comes of nonsense."""
    for url in (text, f"http://{text}", f"https://example.com{text}"):
        with suppress(TargetRefused):
            assert read_target(url).scheme in {"http", "https"}
