"""Values that stand for nobody: what forms are filled with, and addresses behind which anybody may be."""

import re
from collections.abc import Collection, Mapping

import msgspec

from connectors.contract import KeyKind
from connectors.records import DAY_PATTERN
from connectors.toolkit.days import to_day
from gateway.identity.phone_number import EXTENSION
from gateway.identity.records import Key

PLACEHOLDERS = frozenset(
    {"-", "anonymous", "guest", "n/a", "na", "nil", "none", "null", "nobody", "test", "undefined", "unknown", "xxx"}
)
"""What stands where a value was wanted and none was known."""

NO_REPLY = frozenset({"donotreply", "do-not-reply", "do_not_reply", "no-reply", "no_reply", "noemail", "none", "noreply"})
"""Local parts of addresses that nobody reads."""

ROLES = frozenset(
    {
        "abuse", "accounting", "accounts", "admin", "billing", "contact", "hello", "help", "hr", "info", "invoices", "jobs",
        "mail", "marketing", "office", "orders", "postmaster", "purchasing", "reception", "sales", "service", "support", "team",
        "webmaster",
    }
)  # fmt: skip
"""Local parts of addresses that an office has, not a person."""

PLACEHOLDER_DATES = frozenset({"0001-01-01", "1900-01-01", "1970-01-01", "2000-01-01"})
"""Days of birth that forms begin with."""

_ZEROS = re.compile(r"(?:\W*0){2,}\W*")
_ONE_SIGN = re.compile(r"\W*(\w)(?:\W*\1){5,}\W*")
_DAY = re.compile(DAY_PATTERN)
_MIN_DIGITS = 7


class BlockedKeys(msgspec.Struct, frozen=True, kw_only=True):
    """Tells which keys link nobody. `values` are an operator's own, by kind; `roles` blocks addresses of offices."""

    values: Mapping[KeyKind, Collection[str]] = {}
    roles: bool = False

    def __contains__(self, key: Key) -> bool:
        kind, value = key
        if value in self.values.get(kind, ()):
            return True
        if kind is KeyKind.EMAIL:
            return self._is_blocked_address(value)
        if kind is KeyKind.PHONE:
            return _is_blocked_number(value)
        return is_placeholder(value.partition(":")[2] if kind is KeyKind.EXTERNAL_ID else value)

    def _is_blocked_address(self, address: str) -> bool:
        local, _, domain = address.rpartition("@")
        local = local.partition("+")[0]
        if local in NO_REPLY or (self.roles and local in ROLES):
            return True
        return local in PLACEHOLDERS and domain.partition(".")[0] in PLACEHOLDERS | {"example", "email", "mail", local}


def is_placeholder(text: str) -> bool:
    """Tell whether an id or a number stands for none: a word such as `n/a`, zeros, or one sign again and again."""
    return text.lower() in PLACEHOLDERS or any(form.fullmatch(text) for form in (_ZEROS, _ONE_SIGN))


def _is_blocked_number(number: str) -> bool:
    """Tell whether it ends with seven equal digits or counts up, as numbers do that are made up."""
    digits = number.partition(EXTENSION)[0].removeprefix("+")
    end = digits[-_MIN_DIGITS:]
    return len(digits) < _MIN_DIGITS or len(set(end)) == 1 or end in "01234567890123456789"


def birth_date_of(text: str | None) -> str | None:
    """Read the day of birth of a record. None for what is no day, or one that forms begin with."""
    day = text if text is None or _DAY.fullmatch(text) else to_day(text)
    return day if day is not None and _DAY.fullmatch(day) and day not in PLACEHOLDER_DATES else None
