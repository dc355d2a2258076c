"""Say who asks."""

import msgspec


class Caller(msgspec.Struct, frozen=True):
    """Who a credential shows. Without callers in the settings he has no name.

    `customer_id` is the customer that he is, where only his own token shows that. `user` is the end user, whom a claim of the
    token names for the audit.
    """

    name: str = ""
    customer_id: str | None = None
    user: str | None = None


EVERYBODY = Caller()
