"""Which addresses a channel may connect to: none of a cloud's metadata, private ones if allowed.

An address is looked at after its name was resolved and before it is connected to, so that a
name which resolves to something else the second time gets nowhere.
"""

from __future__ import annotations

import ipaddress
import socket
from ipaddress import IPv4Address, IPv6Address

ALLOW = "ALERT_ALLOW_PRIVATE_ADDRESSES=true allows it"

# Beyond the link-local ranges: Alibaba, Azure's wire server, Oracle, and the clouds' IPv6 ones.
_METADATA = frozenset(
    map(
        ipaddress.ip_address,
        (
            "100.100.100.200", "168.63.129.16", "192.0.0.192",
            "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254",
        ),
    )
)  # fmt: skip
_METADATA_NAMES = frozenset({
    "metadata", "metadata.google.internal", "metadata.goog", "metadata.azure.internal",
    "instance-data", "instance-data.ec2.internal", "metadata.tencentyun.com",
})  # fmt: skip
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class RefusedAddressError(OSError):
    """An address that must not be connected to; the text says why, and not which."""


def check_host(host: str) -> None:
    """Look at a name before it is resolved. Raises `RefusedAddressError` for metadata names."""
    if host.lower().rstrip(".") in _METADATA_NAMES:
        raise RefusedAddressError("a cloud's metadata address is refused")


def check_address(text: str, *, allow_private: bool) -> None:
    """Look at an IP address that is about to be connected to.

    Raises:
        RefusedAddressError: for metadata and link-local addresses, and, unless allowed, for
            everything that is not a public one.
    """
    address = _inner(ipaddress.ip_address(text.partition("%")[0]))
    if address.is_link_local or address in _METADATA:
        raise RefusedAddressError("a cloud's metadata address is refused")
    if address.is_multicast or (address.is_unspecified and not allow_private):
        raise RefusedAddressError("an address of no single machine is refused")
    if not address.is_global and not allow_private:
        raise RefusedAddressError(f"a private address is refused; {ALLOW}")


def check_literal(host: str, *, allow_private: bool) -> None:
    """Look at a host as it was typed: a name, or an address that nobody will resolve."""
    check_host(host)
    address = _literal(host.strip("[]"))
    if address is not None:
        check_address(address, allow_private=allow_private)


def allowed(addresses: list[str], *, allow_private: bool) -> list[str]:
    """Those of a name's addresses that may be connected to; the first refusal if none may."""
    good: list[str] = []
    refused: RefusedAddressError | None = None
    for address in addresses:
        try:
            check_address(address, allow_private=allow_private)
            good.append(address)
        except RefusedAddressError as error:
            refused = refused or error
    if refused and not good:
        raise refused
    return good


def _literal(host: str) -> str | None:
    """The address that a host is; None for a name, whose addresses are looked at later."""
    try:
        return str(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(
            socket.inet_aton(host)
        )  # `127.1` and `0x7f000001` are addresses, too
    except (OSError, ValueError):
        return None


def _inner(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 one stands for (mapped, 6to4, NAT64), or itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
