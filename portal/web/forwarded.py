"""Who a visitor is where proxies stand in front: from the headers that those add, and only from proxies that are trusted. Pure.

This machine is trusted always: the hub's own proxy and a web server stand there. Others are named in `portal.trusted_proxies`. From anybody else the headers are dropped, because
whoever likes may send them: a visitor would be somebody else at each request, and no limit would hold.
"""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address
THIS_MACHINE: tuple[Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
_FOR, _PROTOCOL = "X-Forwarded-For", "X-Forwarded-Proto"
_OTHERS = ("X-Real-Ip", "X-Scheme", "Forwarded")
"""Other headers of the same meaning, which tornado or the hub's library would believe as well."""


def trusted_networks(named: Sequence[str]) -> tuple[Network, ...]:
    """Return where proxies are trusted: this machine, and the addresses and networks of `portal.trusted_proxies`."""
    return (*THIS_MACHINE, *(ip_network(each, strict=False) for each in named))


def settle_forwarded(headers: MutableMapping[str, str], peer: str, trusted: Sequence[Network]) -> None:
    """Make the headers say what is believed: one address of the visitor and one protocol, or nothing.

    Args:
        headers: of one request; their names are looked up as they stand here.
        peer: the address that the connection comes from.
    """
    came_for, came_by = headers.get(_FOR, ""), headers.get(_PROTOCOL, "")
    for name in (_FOR, _PROTOCOL, *_OTHERS):
        headers.pop(name, None)
    if not _is_trusted(peer, trusted):
        return
    visitor = visitor_address(came_for, trusted)
    if visitor:
        headers[_FOR] = visitor
    protocol = came_by.partition(",")[0].strip().lower()  # the first: what the browser speaks with the outermost proxy
    if protocol in {"http", "https"}:
        headers[_PROTOCOL] = protocol


def visitor_address(forwarded_for: str, trusted: Sequence[Network]) -> str:
    """Return the visitor's address: the last in the list that is no trusted proxy's own, since each proxy adds who asked it; empty if none is an address.

    What stands before it may have been made up by the visitor.
    """
    found = ""
    for told in reversed(forwarded_for.split(",")):
        address = _address(told.strip())
        if address is None:
            break
        found = str(address)
        if not any(address in network for network in trusted):
            break
    return found


def _is_trusted(peer: str, trusted: Sequence[Network]) -> bool:
    address = _address(peer)
    return address is not None and any(address in network for network in trusted)


def _address(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
