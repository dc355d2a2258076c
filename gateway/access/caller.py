"""Say who asks."""

import msgspec


class Caller(msgspec.Struct, frozen=True):
    """Who a credential shows. Without callers in the settings he has no name.

    `customer_id` is the customer that he is, or is told of, where only his own token shows that. `user` is the end user, for
    the audit. `purpose` is the only one that he may ask for, where his token says so; empty for none.
    """

    name: str = ""
    customer_id: str | None = None
    user: str | None = None
    purpose: str | None = None


EVERYBODY = Caller()
