"""Note whom one request was told of, and which of its keys found nobody, for the audit."""

from collections.abc import Collection, Iterable

import msgspec

MAX_KEY_CHARACTERS = 320
"""What is kept of a key that somebody tried: no address of e-mail is longer."""


class AccessNotes(msgspec.Struct, eq=False):
    """The ids of the `customer` that a request was given and of `others`, and the `attempts`: keys that gave it nobody.

    Each of them is there with its kind. `purpose` is that of the request, where the settings have it. `operator` is the name of
    the one who does what only operators may. `sources` are those that were asked by loaders that are not those of a request.
    """

    customer: str | None = None
    others: set[str] | None = None
    attempts: set[tuple[str, str]] | None = None
    purpose: str | None = None
    operator: str | None = None
    sources: tuple[str, ...] = ()

    def add_customer(self, customer: str) -> None:
        """Note a customer that the request was given."""
        if self.customer is None:
            self.customer = customer
        elif customer != self.customer:
            self.add_customers((customer,))

    def add_customers(self, customers: Iterable[str]) -> None:
        """Note customers that the request was given."""
        if self.others is None:
            self.others = set()
        self.others.update(customers)

    def add_attempts(self, attempts: Iterable[tuple[str, str]]) -> None:
        """Note keys that gave the request nobody."""
        if self.attempts is None:
            self.attempts = set()
        self.attempts.update((kind, key[:MAX_KEY_CHARACTERS]) for kind, key in attempts)

    def list_customers(self) -> str | Collection[str]:
        """List the customers. One alone, as most requests have him, is not put into a list."""
        if self.others is None:
            return self.customer or ()
        return {*self.others} if self.customer is None else {*self.others, self.customer}

    def add_sources(self, sources: Iterable[str]) -> None:
        """Note sources that were asked."""
        self.sources = tuple(sorted({*self.sources, *sources}))
