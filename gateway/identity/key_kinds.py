"""The kinds of keys: one row for each, with all that the gateway knows of it."""

from collections.abc import Callable, Container, Iterable, Sequence
from operator import attrgetter

import msgspec

from connectors.contract import RECORD_KEYS, KeyKind
from connectors.records import RECORD_NAMES, ContactKind, Customer, Personal
from gateway.identity.email_address import address_spellings, normal_address
from gateway.identity.phone_number import normal_number, number_spellings

Read = Callable[[Customer], Sequence[str | None]]


def _nothing(_customer: Customer) -> Sequence[str | None]:
    return ()


def _alone(key: str) -> Sequence[str]:
    return (key,)


def _external_id(text: str, _region: str | None) -> str:
    source, colon, id_ = text.partition(":")
    return f"{source.strip()}{colon}{id_.strip()}"


def _contacts(field: str, kind: ContactKind) -> Read:
    """Read a field, and the contact points of a kind."""
    primary = attrgetter(field)
    return lambda customer: [primary(customer), *[point.value for point in customer.contact_points if point.kind is kind]]


class KeyKindRow(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of key: the fields of a customer record that hold its keys, and the forms of these.

    Records' own kinds (`RECORD_KEYS`) are in no field of a customer.
    """

    description: str
    fields: tuple[str, ...] = ()
    read: Read = _nothing
    """Read the keys from a record that is narrowed to at least `fields`, the primary one first."""
    in_list: str | None = None
    """The list of a record that holds keys; None where a customer has one at most."""
    personal: Personal | None = None
    """How keys are hidden in recordings; the mark of a field that holds them."""
    normal_form: Callable[[str, str | None], str] | None = None
    """Bring a text without outer spaces into its normal form, in the default region; None where it stays as it is.

    Raises `InvalidKeyError` for what cannot be a key.
    """
    spellings: Callable[[str], Sequence[str]] = _alone
    """List how sources may write a key in its normal form, which comes first."""
    any_case: bool = False
    """Whether capitals make no difference."""
    finds_customers: bool = True
    """Whether callers find a customer by it."""

    @property
    def multiple(self) -> bool:
        """Tell whether one customer can have several keys of this kind."""
        return self.in_list is not None


def _own_id(name: str) -> KeyKindRow:
    article = "An" if name[0] in "aeiou" else "A"
    return KeyKindRow(description=f"{article} {name}'s own id.", finds_customers=False)


_OWN_IDS = {kind: _own_id(name) for kind, record in RECORD_KEYS.items() if kind == f"{(name := RECORD_NAMES[record])}_id"}
"""The rows of records' own ids, but for what `_ROWS` says of one."""

_ROWS: dict[KeyKind, KeyKindRow] = {
    KeyKind.CUSTOMER_ID: KeyKindRow(
        description="The customer's id in the CRM.",
        fields=("id",),
        read=lambda customer: [customer.id],
        in_list=None,
        personal=Personal.IDENTIFIER,
    ),
    KeyKind.EXTERNAL_ID: KeyKindRow(
        description="The customer's id at another system, as `system:id`.",
        fields=("external_ids.source", "external_ids.id"),
        read=lambda customer: [f"{external.source}:{external.id}" for external in customer.external_ids],
        in_list="external_ids",
        personal=Personal.IDENTIFIER,
        normal_form=_external_id,
    ),
    KeyKind.MEMBER_NUMBER: KeyKindRow(
        description="The number on the member card.",
        fields=("member_number",),
        read=lambda customer: [customer.member_number],
        in_list=None,
        personal=Personal.IDENTIFIER,
    ),
    KeyKind.EMAIL: KeyKindRow(
        description="An e-mail address.",
        fields=("email", "contact_points.kind", "contact_points.value"),
        read=_contacts("email", ContactKind.EMAIL),
        in_list="contact_points",
        personal=Personal.EMAIL,
        normal_form=lambda text, _region: normal_address(text),
        spellings=address_spellings,
        any_case=True,
    ),
    KeyKind.PHONE: KeyKindRow(
        description="A telephone number in E.164.",
        fields=("phone", "contact_points.kind", "contact_points.value"),
        read=_contacts("phone", ContactKind.PHONE),
        in_list="contact_points",
        personal=Personal.PHONE,
        normal_form=normal_number,
        spellings=number_spellings,
    ),
    KeyKind.DEVICE_ID: KeyKindRow(
        description="A device.",
        fields=("device_ids",),
        read=lambda customer: customer.device_ids,
        in_list="device_ids",
        personal=Personal.IDENTIFIER,
    ),
    KeyKind.ACCOUNT: KeyKindRow(
        description="The id of a company's account.",
        fields=("company.account",),
        read=lambda customer: () if customer.company is None else [customer.company.account],
        personal=Personal.IDENTIFIER,
    ),
    KeyKind.ORDER_ID: KeyKindRow(description="An order's own id."),
    KeyKind.ORDER_NUMBER: KeyKindRow(description="An order's number."),
    KeyKind.TICKET_NUMBER: KeyKindRow(description="A ticket's number."),
    KeyKind.PARENT_ACCOUNT: KeyKindRow(
        description="The id of the account that an account is a part of.",
        personal=Personal.IDENTIFIER,
        finds_customers=False,
    ),
    KeyKind.TEXT: KeyKindRow(description="A part of a name, an e-mail address or a telephone number.", finds_customers=False),
}

KEY_KINDS = {kind: row for kind in KeyKind if (row := _ROWS.get(kind) or _OWN_IDS.get(kind))}
"""The rows of all kinds, in the order of the enum."""


def require_all(names: Iterable[str], place: str, given: Container[str]) -> None:
    """Raise `TypeError` with the names that a place leaves out."""
    if missing := [str(name) for name in names if name not in given]:
        raise TypeError(f"{place} has nothing for {', '.join(missing)}")


require_all(KeyKind, "KEY_KINDS", KEY_KINDS)
