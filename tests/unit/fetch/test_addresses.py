"""Which numbers count as public."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis.strategies import ip_addresses

from shared.fetch.addresses import is_public, may_connect


@pytest.mark.parametrize(
    "text",
    ["1.1.1.1", "8.8.8.8", "93.184.215.14", "52.95.110.1", "172.32.0.1", "100.128.0.1",
     "2606:4700:4700::1111", "2a00:1450:4001::200e", "2001:4860:4860::8888"],
)  # fmt: skip
def test_public_addresses(text: str) -> None:
    assert is_public(ip_address(text))


@pytest.mark.parametrize(
    "text",
    ["127.0.0.1", "10.0.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.1", "224.0.0.1",
     "255.255.255.255", "168.63.129.16", "192.0.0.9", "::", "::1", "::ffff:8.8.8.8", "::8.8.8.8",
     "64:ff9b::8.8.8.8", "2002:808:808::1", "2001:0:808:808::", "fe80::1%eth0", "fd00::1",
     "ff02::1", "fec0::1", "2001:db8::1", "3fff::1", "5f00::1"],
)  # fmt: skip
def test_addresses_that_are_not(text: str) -> None:
    assert not is_public(ip_address(text))


@given(ip_addresses())
def test_nothing_special_is_public(address: object) -> None:
    number = ip_address(str(address))
    special = (
        number.is_private or number.is_loopback or number.is_link_local or number.is_multicast
        or number.is_reserved or number.is_unspecified
    )  # fmt: skip
    assert not (special and is_public(number))


def test_a_network_on_the_list_may_be_reached() -> None:
    allowed = (ip_network("10.1.0.0/16"), ip_network("fd00::/8"))
    assert may_connect(ip_address("10.1.2.3"), allowed)
    assert may_connect(ip_address("fd00::5"), allowed)
    assert not may_connect(ip_address("10.2.0.1"), allowed)
    assert not may_connect(ip_address("::ffff:10.1.2.3"), allowed)
