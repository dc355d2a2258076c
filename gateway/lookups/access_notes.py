"""Note whom one request was told of, and which of its keys found nobody, for the audit."""

import msgspec


class AccessNotes(msgspec.Struct, eq=False):
    """The ids of the `customers` that a request was given, and the `attempts`: keys that gave it nobody, each with its kind.

    The `sources` are those that were asked, also where a cache had the answers. `purpose` is that of the request, where the
    settings have it. `operator` is the name of the one who does what only operators may.
    """

    customers: set[str] = set()
    attempts: set[tuple[str, str]] = set()
    sources: set[str] = set()
    purpose: str | None = None
    operator: str | None = None
