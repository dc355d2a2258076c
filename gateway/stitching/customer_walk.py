"""Walk from a key to all records of a customer, and from their keys on: in turns, for all customers of a request at once.

In each turn a source is called once for each kind of key, with the keys of all customers. What people decided about the
records is read beside the calls.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from connectors.contract import LINKING_KINDS, KeyKind
from connectors.errors import SourceError, SourceProtocolError, SourceRejectedError, SourceTimeoutError
from connectors.record_fields import Fields
from gateway.identity.blocked_keys import birth_date_of
from gateway.identity.decisions import NO_DECISIONS, Decisions, LogEntry, decisions_of
from gateway.identity.keys import key_spellings, keys_of, spellings
from gateway.identity.records import IdentityRecord, Key, RecordId, limited_keys, stated_id
from gateway.identity.resolution import Component, WithheldReason, links_between, resolve
from gateway.lookups.deadline import Deadline
from gateway.lookups.loaders import Loaders
from gateway.lookups.outcome import Failed, Found, Outcome, merge_spellings
from gateway.lookups.sources import Source
from gateway.stitching.customer_identity import IncompleteReason
from gateway.stitching.customer_sources import CustomerSources
from gateway.stitching.log_reader import LogReader
from gateway.stitching.merged_record import MemberRecord

MAX_CANDIDATES = 20
"""How many records of a source a caller's key names at most, when it is ambiguous."""

Place = tuple[Source, KeyKind]
Spellings = Mapping[str, Sequence[str]]
"""The forms to ask by, of each key in its normal form."""
Answers = Mapping[Place, Mapping[str, Outcome]]


class CustomerWalk:
    """The records that are reached from one key. `begin` says where, `land` takes the answers of a turn."""

    def __init__(self, customers: CustomerSources, default_region: str | None) -> None:
        self.members: dict[RecordId, MemberRecord] = {}
        self.seeds: list[RecordId] = []
        self.outcomes: list[Outcome] = []
        self.failures: list[Failed] = []
        self.is_shared = False
        self.decisions = NO_DECISIONS
        self.is_undecided = False
        """Whether what people decided could not be read."""
        self._customers = customers
        self._region = default_region
        self._seed: Key | None = None
        self._keys: dict[RecordId, set[Key]] = {}
        self._known: set[Key] = set()
        self._shared: set[Key] = set()
        self._unanswered: set[Key] = set()
        self._frontier: dict[Place, dict[str, Sequence[str]]] = {}
        self._reason: IncompleteReason | None = None
        self._entries: dict[tuple[int, int], LogEntry] = {}
        self._read: set[RecordId] = set()

    def begin_with_id(self, record: RecordId) -> None:
        """Walk from a record, by its id at its source."""
        self.seeds.append(record)
        self._ask(stated_id(record), (record.node_id,))

    def begin_with_key(self, kind: KeyKind, value: str) -> None:
        """Walk from all records that have a key in its normal form."""
        self._seed = Key(kind, value)
        self._ask(self._seed, spellings(kind, value))

    @property
    def frontier(self) -> Mapping[Place, Spellings]:
        """The keys to ask for in the next turn."""
        return self._frontier

    def land(self, answers: Answers) -> None:
        """Take the answers to all keys of the frontier. The keys of new records are the next one."""
        asked, self._frontier = self._frontier, {}
        found: list[tuple[Source, Key, Found]] = []
        failed: list[tuple[Place, str, Failed]] = []
        for place, keys in asked.items():
            (source, kind), by_form = place, answers[place]
            for value, forms in keys.items():
                key = stated_id(RecordId(source.name, value)) if _is_id(kind) else Key(kind, value)
                outcome = _outcome_of([by_form[form] for form in forms])
                self.outcomes.append(outcome)
                if isinstance(outcome, Found):
                    found.append((source, key, outcome))
                    if _is_id(kind) and len(outcome.records) == 1:
                        self._rename_seed(RecordId(source.name, value), outcome.records[0].id)
                    if not _is_id(kind) and len(outcome.records) > self._customers.max_sharers:
                        self._shared.add(key)
                elif isinstance(outcome, Failed):
                    failed.append((place, value, outcome))
        new = [id_ for source, key, outcome in found for id_ in self._add(source, key, outcome)]
        for id_ in [] if self.is_shared else new:
            self._follow(id_)
        for place, value, outcome in failed:
            self._fail(place, value, outcome)
        if len(self.members) > self._customers.limits.records:
            self.stop(IncompleteReason.TOO_MANY_RECORDS)

    def _rename_seed(self, asked: RecordId, own_id: str) -> None:
        """Begin at the record that an id finds: a source may find it by another spelling, or by a pseudonym."""
        self.seeds = [RecordId(asked.source, own_id) if seed == asked else seed for seed in self.seeds]

    def stop(self, reason: IncompleteReason) -> None:
        """Ask for no more keys."""
        if self._frontier:
            self._reason = self._reason or reason
        self.leave_out({source for source, _ in self._frontier})

    def leave_out(self, sources: Collection[Source]) -> None:
        """Ask some sources for no more keys."""
        for place in [place for place in self._frontier if place[0] in sources]:
            for value in self._frontier.pop(place):
                self._unanswered.update(self._keys_asked(place, value))

    def _keys_asked(self, place: Place, value: str) -> Sequence[Key]:
        """List the keys by which records are linked that this one would find."""
        source, kind = place
        return self._customers.stated_ids(RecordId(source.name, value)) if _is_id(kind) else [Key(kind, value)]

    @property
    def unread(self) -> set[RecordId]:
        """The records, found or asked for, about which the log was not read."""
        asked = {
            RecordId(source.name, value) for (source, kind), keys in self._frontier.items() if _is_id(kind) for value in keys
        }
        return ({*self.members, *self.seeds} | asked) - self._read

    def decide(self, records: Collection[RecordId], entries: Iterable[LogEntry]) -> bool:
        """Take the entries of the log about these records. Tells whether links lead to others, by their own ids."""
        self._read |= self.unread.intersection(records)
        for entry in entries:
            if not self._read.isdisjoint((*entry.records, entry.anchor or entry.records[0])):
                self._entries[entry.position] = entry
        self.decisions = self.decisions_with(())
        known = len(self._known)
        linked = [pair for pair in self.decisions.links if not self.members.keys().isdisjoint(pair)]
        for id_ in sorted({id_ for pair in linked for id_ in pair} - self.members.keys()):
            self._ask(stated_id(id_), (id_.node_id,))
        return len(self._known) > known

    def decisions_with(self, entries: Iterable[LogEntry]) -> Decisions:
        """Give what is decided once these entries are in the log."""
        return decisions_of([*(self._entries[position] for position in sorted(self._entries)), *entries])

    def components(self, decisions: Decisions | None = None) -> list[Component]:
        """Resolve the records to customers, by other decisions than those of the log where they are given."""
        decided, customers = decisions or self.decisions, self._customers
        records = [self._identity_record(member) for member in self.members.values()]
        links = links_between(records, self._shared, decided.links)
        return resolve(records, links, customers.limits, self._shared, customers.one_way, decided.cuts)

    def anchor(self, component: Component, decisions: Decisions | None = None) -> RecordId:
        """Give the record whose id is the customer's: the first that the log names as such, else the first by priority."""
        anchors = (decisions or self.decisions).anchors
        stored = next((id_ for id_ in anchors if id_ in component.records), None)
        return stored or self._customers.rules.in_order([self.members[id_] for id_ in component.records])[0].id

    def incomplete_reason(self, component: Component) -> IncompleteReason | None:
        """Say why the component may be a part only."""
        if self.failures:
            return IncompleteReason.SOURCE_UNAVAILABLE
        if self.is_undecided:
            return IncompleteReason.LINKS_UNAVAILABLE
        if self._reason is not None:
            return self._reason
        is_unsure = any(link.reason is WithheldReason.UNCONFIRMED for link in component.withheld)
        return IncompleteReason.ONE_WAY_KEYS if is_unsure or self._customers.may_state(component.records) else None

    def error(self, reason: IncompleteReason) -> SourceError:
        """Give the error of what depends on the missing records."""
        if self.failures:
            return self.failures[0].error
        return SourceRejectedError(f"not all records of the customer are known: {reason.value}")

    def _fail(self, place: Place, value: str, outcome: Failed) -> None:
        """Note a key that could not be asked for. An id may be a record's all the same, of which nothing else is known."""
        is_known = any(member.record is not None for member in self.members.values())
        if isinstance(outcome.error, SourceRejectedError) and is_known:
            return  # what a source refuses as a key, no record of it has
        self.failures.append(outcome)
        self._unanswered.update(self._keys_asked(place, value))
        source, kind = place
        if _is_id(kind):
            id_ = RecordId(source.name, value)
            self.members.setdefault(id_, MemberRecord(id_, None, outcome))
            self._keys.setdefault(id_, set()).update(self._customers.stated_ids(id_))

    def _add(self, source: Source, key: Key, outcome: Found) -> list[RecordId]:
        """Add the records that a key has found. Gives the new ones."""
        is_seed = key == self._seed
        if key in self._shared and not is_seed:
            return []
        self.is_shared |= key in self._shared
        links = key.kind in self._customers.trusted[source.name] and key not in self._customers.blocked
        new: list[RecordId] = []
        for record in outcome.records:
            id_ = RecordId(source.name, record.id)
            if is_seed and id_ not in self.seeds:
                self.seeds.append(id_)
            if id_ not in self.members or self.members[id_].record is None:
                self.members[id_] = MemberRecord(id_, record, outcome)
                new.append(id_)
            keys = self._keys.setdefault(id_, set(self._customers.stated_ids(id_)))
            if links:
                keys.add(key)
        return new

    def _follow(self, id_: RecordId) -> None:
        """Put the keys of a record into the frontier. One with more of them than a customer may have links nobody."""
        record, trusted = self.members[id_].record, self._customers.trusted[id_.source]
        forms: dict[Key, Sequence[str]] = {key: (key.value,) for key in self._customers.stated_ids(id_)}
        for kind in LINKING_KINDS:
            for value, own_forms in key_spellings(record, kind, self._region).items() if kind in trusted else ():
                if Key(kind, value) not in self._customers.blocked:
                    forms[Key(kind, value)] = own_forms
        keys = self._keys[id_]
        keys.update(forms)
        if all(len(values) <= self._customers.limits.keys_per_kind for values in limited_keys(keys).values()):
            for key, own_forms in forms.items():
                self._ask(key, own_forms)

    def _ask(self, key: Key, forms: Sequence[str]) -> None:
        """Put a key into the frontier, once: of each source that finds it."""
        if key in self._known:
            return
        self._known.add(key)
        name, _, own_id = key.value.partition(":") if key.kind is KeyKind.EXTERNAL_ID else ("", "", "")
        owners = self._customers.by_id(name)
        for source in self._customers.asked_by(key.kind):
            if source not in owners:
                asked = spellings(key.kind, key.value) if source.connector.any_case else forms
                self._frontier.setdefault((source, key.kind), {})[key.value] = asked
        for source in owners if own_id else ():
            if RecordId(source.name, own_id) not in self.members:
                self._frontier.setdefault((source, KeyKind.CUSTOMER_ID), {})[own_id] = (own_id,)

    def _identity_record(self, member: MemberRecord) -> IdentityRecord:
        keys, record = self._keys[member.id], member.record
        open_kinds = frozenset(key.kind for key in keys & self._unanswered)
        if record is None:
            return IdentityRecord(id=member.id, keys=frozenset(keys), open_kinds=frozenset(LINKING_KINDS))
        found_by = sorted(key.value for key in keys if key.kind is KeyKind.MEMBER_NUMBER)
        numbers = keys_of(record, KeyKind.MEMBER_NUMBER) or found_by  # what it states, whatever found it
        return IdentityRecord(
            id=member.id,
            keys=frozenset(keys),
            member_number=numbers[0] if numbers else None,
            birth_date=birth_date_of(record.birth_date),
            open_kinds=open_kinds,
        )


async def walk_all(
    walks: Sequence[CustomerWalk],
    customers: CustomerSources,
    fields: Fields,
    loaders: Loaders,
    log: LogReader,
    candidates: int = 0,
) -> None:
    """Walk until there are no more keys, or the turns or half of the time are over.

    A key is asked for with one record more than may share it; in the first turn with at least so many `candidates`. A turn
    takes half of the time that is left to the walk, the last one all of it; who was late is not asked again. Where links of
    people lead on, the turns are counted anew, as many times as there are turns.
    """
    deadline = loaders.deadline.leading()
    first = max(candidates, customers.max_sharers + 1)
    late: set[Source] = set()
    turn, last, restarts = 0, customers.max_turns, customers.max_turns
    while turn <= last:
        for walk in walks:
            walk.leave_out(late)
        asking = _keys_to_ask(walks)
        if not asking and not log.is_due:
            return
        until = deadline if turn == last else deadline.leading()
        async with log.reading(until):
            answers = await _ask_all(asking, customers, fields, first, loaders, until)
            late |= {source for (source, _), own in answers.items() if any(map(_is_late, own.values()))}
            for walk in walks:
                walk.land(answers)
        first = customers.max_sharers + 1
        turn += 1
        if log.has_led and restarts:
            turn, restarts = 0, restarts - 1
    async with log.reading(deadline):
        pass  # about the records of the last turn
    reason = IncompleteReason.OUT_OF_TURNS if deadline.remaining_s() else IncompleteReason.OUT_OF_TIME
    for walk in walks:
        walk.stop(reason)


def _keys_to_ask(walks: Sequence[CustomerWalk]) -> dict[Place, dict[str, None]]:
    """Put the keys of all walks together."""
    asking: dict[Place, dict[str, None]] = {}
    for walk in walks:
        for place, keys in walk.frontier.items():
            asking.setdefault(place, {}).update(dict.fromkeys(form for forms in keys.values() for form in forms))
    return asking


async def _ask_all(
    asking: Mapping[Place, Mapping[str, None]],
    customers: CustomerSources,
    fields: Fields,
    first: int,
    loaders: Loaders,
    until: Deadline,
) -> Answers:
    """Ask each source once for each kind of key."""
    parts = [
        loaders.enqueue(source, customers.fetch(source, kind, fields, first), [*forms], until)
        for (source, kind), forms in asking.items()
    ]
    outcomes = await loaders.wait_all(parts, until) if parts else []
    return {place: dict(zip(forms, own, strict=True)) for (place, forms), own in zip(asking.items(), outcomes, strict=True)}


def _is_late(outcome: Outcome) -> bool:
    return isinstance(outcome, Failed) and isinstance(outcome.error, SourceTimeoutError)


def _is_id(kind: KeyKind) -> bool:
    return kind is KeyKind.CUSTOMER_ID


def _outcome_of(outcomes: Sequence[Outcome]) -> Outcome:
    """Merge the answers about a key. One whose records cannot be read is a failure: it is not nothing."""
    outcome = outcomes[0] if len(outcomes) == 1 else merge_spellings(outcomes)
    if isinstance(outcome, Found) and not outcome.records and outcome.dropped:
        return outcome.as_failed(SourceProtocolError("the record cannot be read"))
    return outcome
