"""Know callers, and the people behind them, by the headers of a proxy that has found out who they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import NamedTuple, Protocol

from gateway.errors import UnauthenticatedError
from gateway.settings.proxy_settings import ProxySettings

MAX_USER_LENGTH = 254
"""Of the name of a person; so long is an e-mail address."""

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


class NamedCaller(NamedTuple):
    """The name of a caller, which may be nobody's, and the person behind it."""

    name: str
    user: str | None


class Proxies:
    """Proxies that name the caller in headers. Whoever else sends one of them is refused."""

    def __init__(self, settings: ProxySettings) -> None:
        self._caller = settings.caller
        self._groups = settings.groups
        self._header, self._user_header, self._groups_header = (
            None if name is None else name.encode() for name in (settings.header, settings.user_header, settings.groups_header)
        )
        headers = (self._header, self._user_header, self._groups_header)
        self._headers = [name for name in headers if name is not None]
        self._networks = [ip_network(text) for text in settings.networks]
        self._is_known = lru_cache(MAX_PEERS)(self._is_in_network)

    def read_caller(self, head: RequestHead) -> NamedCaller | None:
        """Read whom a proxy names. None without its headers. Raises `UnauthenticatedError`."""
        given = {name: value for name in self._headers if (value := head.headers.get(name)) is not None}
        if not given:
            return None
        for name in given:
            self._check_origin(name, head)
        user = None
        if self._user_header is not None and self._user_header in given:
            user = read_person(self._user_header.decode(), given[self._user_header])
        if self._header is None:
            if user is None:
                raise UnauthenticatedError("the proxy says something of a person, and not who it is; correct the proxy")
            return NamedCaller(self._caller or self._read_group(given.get(self._groups_header or b"")), user)
        caller = given.get(self._header)
        if caller is None:
            raise UnauthenticatedError("the proxy names a person, and no caller; correct the proxy")
        return NamedCaller(caller.strip(b" \t").decode("latin-1"), user)

    def _check_origin(self, name: bytes, head: RequestHead) -> None:
        """Refuse a header that is not the proxy's alone."""
        header = name.decode()
        if head.peer is None or not self._is_known(head.peer):
            raise UnauthenticatedError(f"{header}: only a proxy of access.proxy.networks may send it; leave it out")
        if sum(own == name for own, _ in head.fields) > 1:
            raise UnauthenticatedError(f"{header}: is there more than once; the proxy is to replace what callers send")

    def _read_group(self, value: bytes | None) -> str:
        """Find the one caller that a person has by groups."""
        groups = {group.strip(" \t") for group in (value or b"").decode("utf-8", "replace").split(",")}
        callers = {caller for group, caller in self._groups.items() if group in groups}
        if len(callers) != 1:
            several = "several callers by their groups" if callers else "none of the groups"
            raise UnauthenticatedError(f"whom the proxy names has {several} of access.proxy.groups; change groups or settings")
        return callers.pop()

    def _is_in_network(self, peer: str) -> bool:
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped  # of a socket that takes both
        return any(address in network for network in self._networks)


def read_person(where: str, value: bytes) -> str:
    """Read a person. Raises `UnauthenticatedError` for what cannot be one: an empty, long or strange text, or two."""
    try:
        text = value.strip(b" \t").decode()
    except UnicodeDecodeError:
        text = ""
    if not 0 < len(text) <= MAX_USER_LENGTH or not text.isprintable() or "," in text:
        raise UnauthenticatedError(f"{where}: is no name of a person; send one, in UTF-8, without a comma")
    return text
