"""Which addresses a download may connect to."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""The rest of IPv6 is local, multicast, or hides an IPv4 address: mapped, compatible, NAT64."""

_NEVER = tuple(
    ip_network(text)
    for text in (
        "168.63.129.16/32",  # the host of every Azure machine, at an address like any other
        "192.0.0.0/24",      # protocol assignments, some of which Python calls global
        "192.88.99.0/24",    # relays into 6to4
        "224.0.0.0/4",       # multicast, which Python calls global
        "240.0.0.0/4",       # reserved, broadcast
        "2001::/23",         # protocol assignments; Teredo hides an IPv4 address
        "2001:db8::/32",     # documentation
        "2002::/16",         # 6to4 hides an IPv4 address
        "3fff::/20",         # documentation, which Python 3.11 calls global
    )
)  # fmt: skip


def may_connect(address: Address, allowed: Iterable[Network]) -> bool:
    """Whether `address` is a public one, or lies in one of the `allowed` networks."""
    return is_public(address) or any(address in network for network in allowed)


def is_public(address: Address) -> bool:
    """Whether `address` is one host's on the public internet, as far as its number tells."""
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    return address.is_global and not any(address in network for network in _NEVER)
