from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeover.notify.addresses import (
    RefusedAddressError,
    allowed,
    check_address,
    check_host,
    check_literal,
)

PRIVATE = [
    "127.0.0.1", "127.8.8.8", "::1", "10.0.0.1", "172.16.5.4", "192.168.1.1", "100.64.0.1",
    "::", "fc00::1", "::ffff:10.0.0.1", "2002:a00:1::1", "64:ff9b::a00:1", "198.18.0.1",
]  # fmt: skip
METADATA = [
    "169.254.169.254", "169.254.170.2", "fd00:ec2::254", "fe80::1", "fe80::1%eth0",
    "100.100.100.200", "168.63.129.16", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::1", "fd20:ce::254",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_refused_in_whatever_way_they_are_written(address):
    with pytest.raises(RefusedAddressError) as error:
        check_address(address, allow_private=False)
    assert address not in str(error.value)


@pytest.mark.parametrize("address", [*PRIVATE])
def test_private_addresses_are_allowed_by_the_setting(address):
    check_address(address, allow_private=True)


@pytest.mark.parametrize("address", METADATA)
@pytest.mark.parametrize("allow", [True, False])
def test_metadata_addresses_are_refused_always(address, allow):
    with pytest.raises(RefusedAddressError, match="metadata"):
        check_address(address, allow_private=allow)


@pytest.mark.parametrize("address", ["1.1.1.1", "162.159.135.232", "2606:4700::1111"])
def test_public_addresses_are_fine(address):
    check_address(address, allow_private=False)


@pytest.mark.parametrize("address", ["224.0.0.1", "ff02::1", "255.255.255.255"])
def test_addresses_of_many_machines_are_refused(address):
    with pytest.raises(RefusedAddressError):
        check_address(address, allow_private=False)


@pytest.mark.parametrize(
    "name", ["metadata.google.internal", "METADATA.google.internal.", "metadata"]
)
def test_metadata_names_are_refused_before_they_are_resolved(name):
    with pytest.raises(RefusedAddressError, match="metadata"):
        check_host(name)


def test_a_host_that_is_a_name_is_left_to_its_addresses():
    check_literal("hooks.example.com", allow_private=False)
    with pytest.raises(RefusedAddressError):
        check_literal("[::1]", allow_private=False)


@pytest.mark.parametrize(
    "host", ["127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::ffff:7f00:1]"]
)
def test_an_address_is_seen_in_whatever_way_it_is_typed(host):
    with pytest.raises(RefusedAddressError):
        check_literal(host, allow_private=False)


def test_of_several_addresses_only_the_good_ones_stay():
    assert allowed(["10.0.0.1", "1.1.1.1"], allow_private=False) == ["1.1.1.1"]
    with pytest.raises(RefusedAddressError, match="private"):
        allowed(["10.0.0.1", "169.254.169.254"], allow_private=False)
    assert allowed([], allow_private=False) == []


@given(st.ip_addresses(v=4, network="169.254.0.0/16"))
def test_no_way_of_writing_a_link_local_address_gets_through(address):
    for text in (
        str(address),
        f"::ffff:{address}",
        str(ipaddress.IPv6Address((0x64FF9B << 96) | int(address))),
    ):
        with pytest.raises(RefusedAddressError):
            check_address(text, allow_private=True)
