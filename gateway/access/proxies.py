"""Know callers by the header of a proxy that has found out who they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Protocol

from gateway.errors import UnauthenticatedError
from gateway.settings.access_settings import ProxySettings

MAX_PEERS = 1_024
"""Of how many peers it is remembered whether they are proxies."""


class RequestHead(Protocol):
    """What a request shows. `fields` are its headers as they came, which one may be among several times.

    `peer` is the address at the other end of the connection, whatever headers say; None where it has none, as a Unix socket.
    """

    @property
    def headers(self) -> Mapping[bytes, bytes]: ...

    @property
    def fields(self) -> Sequence[tuple[bytes, bytes]]: ...

    @property
    def peer(self) -> str | None: ...


class Proxies:
    """Proxies that name the caller in a header. Whoever else sends it is refused."""

    def __init__(self, settings: ProxySettings) -> None:
        self._header = settings.header.encode()
        self._networks = [ip_network(text) for text in settings.networks]
        self._is_known = lru_cache(MAX_PEERS)(self._is_in_network)

    def read_name(self, head: RequestHead) -> bytes | None:
        """Read the name that a proxy gives. None without the header. Raises `UnauthenticatedError`."""
        name = head.headers.get(self._header)
        if name is None:
            return None
        header = self._header.decode()
        if head.peer is None or not self._is_known(head.peer):
            raise UnauthenticatedError(f"{header}: only a proxy of access.proxy.networks may send it; leave it out")
        if sum(own == self._header for own, _ in head.fields) > 1:
            raise UnauthenticatedError(f"{header}: is there more than once; the proxy is to replace what callers send")
        return name.strip(b" \t")

    def _is_in_network(self, peer: str) -> bool:
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped  # of a socket that takes both
        return any(address in network for network in self._networks)
