"""Settings of proxies that know who asks."""

from collections.abc import Mapping
from ipaddress import IPv6Network, ip_interface, ip_network
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from gateway.settings.frozen_settings import FrozenSettings
from gateway.settings.texts import CallerName, HeaderName


def _is_network(text: str) -> str:
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        raise ValueError("is no network; write one such as 10.20.0.0/24, or the address of one proxy") from None
    if isinstance(network, IPv6Network) and network.network_address.ipv4_mapped is not None:
        raise ValueError("is an IPv4 network in the form of IPv6; write it as IPv4")
    if ip_interface(text).ip != network.network_address:
        raise ValueError(f"has an address that is not the first of its network; write {network}")
    if not network.prefixlen:
        raise ValueError("is everybody, who could then be any caller; write the addresses of your proxies")
    return text


def _is_free(name: str) -> str:
    if name in TAKEN_HEADERS:
        raise ValueError("has a meaning of its own; write another one, such as x-authenticated-caller")
    return name


TAKEN_HEADERS = (
    "accept",
    "accept-encoding",
    "authorization",
    "cache-control",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "host",
    "origin",
    "sec-fetch-site",
    "transfer-encoding",
    "content-encoding",
    "x-cost",
    "x-csrf",
    "x-deadline-ms",
    "x-purpose",
    "x-request-id",
)


ProxyHeader = Annotated[HeaderName, AfterValidator(_is_free)]


class ProxySettings(FrozenSettings):
    """Proxies that have found out who asks, and name him in headers. The proxy replaces what callers send of these.

    One of `header`, `caller` and `groups_header` says which caller that is.
    """

    header: ProxyHeader | None = None
    """The header with the name of a caller."""
    networks: Annotated[list[Annotated[str, AfterValidator(_is_network)]], Field(min_length=1)]
    """The addresses of the proxies. From others the headers are refused."""
    user_header: ProxyHeader | None = None
    """The header with the person who is behind the caller."""
    caller: CallerName | None = None
    """The caller of everybody whom the proxy names."""
    groups_header: ProxyHeader | None = None
    """The header with the groups of the person, with commas."""
    groups: dict[Annotated[str, Field(min_length=1, max_length=200)], CallerName] = {}
    """The callers of groups. Of whom a person has several by them is nobody."""

    @property
    def named(self) -> Mapping[str, str]:
        """List the callers whom the settings name, by the setting."""
        one = {} if self.caller is None else {"caller": self.caller}
        return one | {f"groups.{group}": name for group, name in self.groups.items()}

    @model_validator(mode="after")
    def _names_one_way(self) -> Self:
        ways = {"header": self.header, "caller": self.caller, "groups_header": self.groups_header}
        given = [name for name, value in ways.items() if value is not None]
        if len(given) != 1:
            problem = "nothing says" if not given else f"{' and '.join(given)} both say"
            raise ValueError(f"{problem} which caller it is; name one of header, caller and groups_header")
        if bool(self.groups) is not (self.groups_header is not None):
            raise ValueError("groups_header and groups say together who a caller is; name both")
        if self.header is None and self.user_header is None:
            raise ValueError("user_header: is missing, so nothing shows that the proxy knows who asks; name it")
        headers = [own for own in (self.header, self.user_header, self.groups_header) if own is not None]
        if len({*headers}) < len(headers):
            raise ValueError("two of its headers are the same one; give each a name of its own")
        return self
