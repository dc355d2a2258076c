"""What came of a reload."""

import msgspec


class ReloadOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a reload, and what is served now. `changes` names settings; with `problems` the old ones are kept."""

    outcome: str
    revision: int
    digest: str
    changes: list[str] = []
    problems: list[str] = []
