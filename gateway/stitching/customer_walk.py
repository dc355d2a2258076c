"""Walk from a key to all records of a customer, and from their keys on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain

from connectors.contract import KeyKind
from connectors.errors import SourceError, SourceRejectedError, SourceTimeoutError
from gateway.identity.decisions import NO_DECISIONS, Decisions, LogEntry, decisions_of
from gateway.identity.keys import spellings
from gateway.identity.records import Key, RecordId, kinds_beyond, limited_keys, stated_id
from gateway.identity.resolution import Component, WithheldReason, links_between, resolve
from gateway.identity.stored_components import StoredComponent
from gateway.lookups.outcome import Failed, Found, Outcome, fail_unreadable, merge_spellings
from gateway.lookups.sources import Source
from gateway.stitching.customer_identity import IncompleteReason
from gateway.stitching.customer_sources import CustomerSources
from gateway.stitching.origins import MemberRecord
from gateway.stitching.record_keys import find_by_stated, identity_record, linking_keys
from gateway.stitching.stored_evidence import Conclusion, Digest, StoredEvidence

Place = tuple[Source, KeyKind]
Spellings = Mapping[str, Sequence[str]]
"""The forms to ask by, of each key in its normal form."""
Answers = Mapping[Place, Mapping[str, Outcome]]


class CustomerWalk:
    """The records that are reached from one key. `begin` says where, `land` takes the answers of a turn."""

    def __init__(self, customers: CustomerSources) -> None:
        self.members: dict[RecordId, MemberRecord] = {}
        self.seeds: list[RecordId] = []
        self.outcomes: list[Outcome] = []
        self.failures: list[Failed] = []
        self.is_shared = False
        self.decisions = NO_DECISIONS
        self.is_undecided = False
        """Whether what people decided could not be read, so that there may be more than is known of it."""
        self.sharers: dict[Key, Found] = {}
        """The keys that so many records of one source have that they link nobody, with these."""
        self.known_keys: set[Key] = set()
        """Those that it began with, and those of the records that were found."""
        self.began_with: Key
        self.evidence: StoredEvidence | None = None
        self._customers = customers
        self._seed: Key | None = None
        self._keys: dict[RecordId, set[Key]] = {}
        self._stated: dict[RecordId, Mapping[Key, Sequence[str]]] = {}
        self._found: list[tuple[Key, Sequence[RecordId]]] = []
        self._failed: set[Source] = set()
        self._turns = 0
        self.concluded: Conclusion | None = None
        """What was concluded before, where it holds again."""
        self._shared: set[Key] = set()
        self._unanswered: set[Key] = set()
        self._frontier: dict[Place, dict[str, Sequence[str]]] = {}
        self._reason: IncompleteReason | None = None
        self._is_refused = False
        self._entries: dict[tuple[int, int], LogEntry] = {}
        self._read: set[RecordId] = set()

    def begin_with_id(self, record: RecordId) -> None:
        """Walk from a record, by its id at its source."""
        self.seeds.append(record)
        self.began_with = stated_id(record)
        self._ask(self.began_with, (record.node_id,))

    def begin_with_key(self, kind: KeyKind, value: str) -> None:
        """Walk from all records that have a key in its normal form."""
        self._seed = self.began_with = Key(kind, value)
        self._ask(self._seed, spellings(kind, value))

    def remember(self, evidence: StoredEvidence) -> None:
        """Ask for stored records by their ids, beside what is asked for already. Of their keys only new ones are asked for."""
        self.evidence = evidence
        for id_ in evidence.records:
            source = self._customers.named(id_.source)
            if source is not None and id_ not in self.members:
                self._frontier.setdefault((source, KeyKind.CUSTOMER_ID), {}).setdefault(id_.id, (id_.id,))

    def as_stored(self, digest: Digest) -> StoredComponent | None:
        """Write down what was found and asked for; None where not all was, or only in answers that stand in for newer ones."""
        outcomes = [outcome for outcome in self.outcomes if isinstance(outcome, Found)]
        unsure = any(outcome.stale is not None or outcome.partial for outcome in outcomes)
        records = sorted(id_ for id_ in self.members if self._customers.finds_ids(id_.source))
        if self.failures or self.is_undecided or self._reason is not None or self._unanswered:
            return None
        if self.is_shared or unsure or not records:
            return None
        stated, lasting = self._stated, set(records)
        not_stated = {key for key, ids in self._found for id_ in ids if id_ not in lasting or key not in stated.get(id_, ())}
        return StoredComponent(
            records=tuple(records),
            keys=frozenset(map(digest, self.known_keys - self._shared)),
            asked_again=frozenset(map(digest, not_stated - self._shared)),
            shared=frozenset(map(digest, self._shared)),
            walked_at=min(outcome.as_of for outcome in outcomes),
        )

    @property
    def frontier(self) -> Mapping[Place, Spellings]:
        """The keys to ask for in the next turn."""
        return self._frontier

    def land(self, answers: Answers) -> None:
        """Take the answers to all keys of the frontier. The keys of new records are the next one."""
        asked, self._frontier = self._frontier, {}
        self._turns += 1
        before = None if self.evidence is None else self.evidence.conclusion
        is_decided_so = before is not None and not self.is_undecided and before.decisions == self.decisions
        if not is_decided_so or not self._is_as_before(asked, answers):
            self._land(asked, answers)

    def _land(self, asked: Mapping[Place, Spellings], answers: Answers) -> None:
        found: list[tuple[Source, Key, Found]] = []
        failed: list[tuple[Place, str, Failed]] = []
        for place, keys in asked.items():
            (source, kind), by_form = place, answers[place]
            for value, forms in keys.items():
                key = stated_id(RecordId(source.name, value)) if _is_id(kind) else Key(kind, value)
                outcome = fail_unreadable(merge_spellings([by_form[form] for form in forms]))
                self.outcomes.append(outcome)
                if isinstance(outcome, Found):
                    found.append((source, key, outcome))
                    if _is_id(kind):
                        self._take_own_id(source, value, outcome)
                    if not _is_id(kind) and len(outcome.records) > self._customers.max_sharers:
                        self._shared.add(key)
                        self.sharers[key] = outcome
                elif isinstance(outcome, Failed):
                    failed.append((place, value, outcome))
        new = [id_ for source, key, outcome in found for id_ in self._add(source, key, outcome)]
        for id_ in [] if self.is_shared else new:
            self._follow(id_)
        for place, value, outcome in failed:
            self._fail(place, value, outcome)
        self._doubt_spared()
        self.seeds = [find_by_stated(seed, self._keys) for seed in self.seeds]
        if len(self.members) > self._customers.limits.records:
            self.stop(IncompleteReason.TOO_MANY_RECORDS)

    def _take_own_id(self, source: Source, value: str, outcome: Found) -> None:
        """Go by the id that the record itself has: a source may find it by another spelling, or by a pseudonym."""
        asked = RecordId(source.name, value)
        if len(outcome.records) == 1:
            own = RecordId(asked.source, outcome.records[0].id)
            self.seeds = [own if seed == asked else seed for seed in self.seeds]
        elif not outcome.records and self._customers.finds_stated(source.name):
            # It may be an older id of another record, which states it.
            stated = [key.value for key in self._customers.stated_ids(asked)]
            self._frontier.setdefault((source, KeyKind.EXTERNAL_ID), {}).update((own, (own,)) for own in stated)
        if self.evidence is not None and all(record.id != asked.id for record in outcome.records):
            self.evidence.lose(asked)

    def _is_as_before(self, asked: Mapping[Place, Spellings], answers: Answers) -> bool:
        """Take answers that lead to what was concluded before: the same records, by keys that link them.

        What people decided about them is the same. Tells whether the records are; else nothing is taken.
        """
        assert self.evidence is not None
        before, proof_of, sharers = self.evidence.conclusion, self._customers.proof_of, self._customers.max_sharers
        assert before is not None
        members: dict[RecordId, MemberRecord] = {}
        seeds: list[RecordId] = []
        outcomes: list[Outcome] = []
        for place, keys in asked.items():
            (source, kind), by_form = place, answers[place]
            name, is_by_id = source.name, _is_id(kind)
            for value, forms in keys.items():
                outcome = by_form[forms[0]]
                if len(forms) > 1 or type(outcome) is not Found or (not is_by_id and len(outcome.records) > sharers):
                    return False
                if not outcome.records and (outcome.dropped or RecordId(name, value) in self.seeds):
                    return False
                key = None if is_by_id else Key(kind, value)
                for record in outcome.records:
                    id_ = RecordId(name, record.id)
                    is_linked = record.id == value if key is None else key in before.keys.get(id_, ())
                    if not is_linked or before.proofs.get(id_) != proof_of(record):
                        return False
                    members[id_] = MemberRecord(id_, record, outcome)
                    if self._seed is not None and (key or stated_id(id_)) == self._seed:
                        seeds.append(id_)
                outcomes.append(outcome)
        if len(members) < len(before.proofs) or not self._read.issuperset(members):
            return False
        self.members, self.outcomes, self.concluded = members, outcomes, before
        self.seeds += seeds
        return True

    def conclude(self) -> Conclusion | None:
        """Conclude what can be said again of the same records. None where it took more than a turn to know it."""
        is_known = not self.failures and not self.is_undecided and self._reason is None and not self._unanswered
        if not is_known or self._turns > 1 or self.is_shared:
            return None
        proofs = {id_: self._customers.proof_of(member.record) for id_, member in self.members.items()}
        return Conclusion(proofs, self._keys, self.decisions, self.components())

    def stop(self, reason: IncompleteReason) -> None:
        """Ask for no more keys."""
        if self._frontier:
            self._reason = self._reason or reason
        for place in [*self._frontier]:
            for value in self._frontier.pop(place):
                self._leave_unanswered(place, value, place[0].not_asked(self.error(reason)))

    def leave_out(self, late: Collection[Source]) -> None:
        """Ask some sources for no more keys: they were late, for this customer or for another one."""
        for place in [place for place in self._frontier if place[0] in late]:
            for value in self._frontier.pop(place):
                self.outcomes.append(failed := place[0].not_asked(SourceTimeoutError()))
                self._fail(place, value, failed)
        self._doubt_spared()

    def _keys_asked(self, place: Place, value: str) -> Sequence[Key]:
        """List the keys by which records are linked that this one would find."""
        source, kind = place
        return self._customers.stated_ids(RecordId(source.name, value)) if _is_id(kind) else [Key(kind, value)]

    @property
    def unread(self) -> set[RecordId]:
        """The records, found or asked for, about which the log was not read."""
        if self.concluded is not None:
            return set()
        asked = {
            RecordId(source.name, value) for (source, kind), keys in self._frontier.items() if _is_id(kind) for value in keys
        }
        return ({*self.members, *self.seeds} | asked) - self._read

    def decide(self, records: Collection[RecordId], entries: Iterable[LogEntry]) -> None:
        """Take the entries of the log about records that were unread, before the answers about them land."""
        self._read.update(records)
        for entry in entries:
            if entry.is_about(self._read):
                self._entries[entry.position] = entry
        self.decisions = self.decisions_with(()) if self._entries else NO_DECISIONS

    def doubt_decisions(self, outcome: Outcome) -> None:
        """Note that the log could not be read: there may be more in it than is known."""
        self.is_undecided = True
        self.outcomes.append(outcome)

    def follow_links(self) -> bool:
        """Ask for records that people linked, by their own ids. Tells whether there are any that were not asked for."""
        if not self.decisions.links:
            return False
        linked = [pair for pair in self.decisions.links if not self.members.keys().isdisjoint(pair)]
        others = sorted({id_ for pair in linked for id_ in pair} - self.members.keys())
        return any([self._ask(stated_id(id_), (id_.node_id,), is_spared=False) for id_ in others])  # noqa: C419  all are

    def decisions_with(self, entries: Iterable[LogEntry]) -> Decisions:
        """Give what is decided once these entries are in the log."""
        return decisions_of([*(self._entries[position] for position in sorted(self._entries)), *entries])

    def components(self, decisions: Decisions | None = None) -> Sequence[Component]:
        """Resolve the records to customers, by other decisions than those of the log where they are given."""
        if self.concluded is not None and decisions is None:
            return self.concluded.components
        decided, customers = decisions or self.decisions, self._customers
        records = [identity_record(own, self._keys[own.id], self._unanswered) for own in self.members.values()]
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
        if self._is_refused:
            return IncompleteReason.KEY_REFUSED
        is_unsure = any(link.reason is WithheldReason.UNCONFIRMED for link in component.withheld)
        return IncompleteReason.ONE_WAY_KEYS if is_unsure or self._customers.may_state(component.records) else None

    def keys_of(self, id_: RecordId) -> set[Key]:
        """List the keys that link a record."""
        return self._keys.get(id_, set()) - self._shared

    @property
    def doubtful_keys(self) -> set[Key]:
        """List the keys of its records, and that it began with, that could not be asked for everywhere."""
        return self._unanswered and self._unanswered.intersection(chain({self.began_with}, *self._keys.values())) - self._shared

    @property
    def unshared_keys(self) -> set[Key]:
        """List the keys that were asked for everywhere, and found few records in each source."""
        return self.known_keys - self._shared - self._unanswered

    def share(self, keys: Collection[Key]) -> None:
        """Have keys link nobody. One that it began with does not say who is meant."""
        self._shared.update(keys)
        self.is_shared |= self._seed in keys

    def error(self, reason: IncompleteReason) -> SourceError:
        """Give the error of what depends on the missing records."""
        if self.failures:
            return self.failures[0].error
        return SourceRejectedError(f"not all records of the customer are known: {reason.value}")

    def _fail(self, place: Place, value: str, outcome: Failed) -> None:
        """Note a key that could not be asked for. An id may be a record's all the same, of which nothing else is known."""
        is_known = any(member.record is not None for member in self.members.values())
        if isinstance(outcome.error, SourceRejectedError) and is_known:
            self._is_refused = True
        else:
            self.failures.append(outcome)
            self._failed.add(place[0])
            if _is_id(place[1]):
                self._miss(RecordId(place[0].name, value), outcome)
        self._leave_unanswered(place, value, outcome)

    def _leave_unanswered(self, place: Place, value: str, outcome: Failed) -> None:
        """Doubt the keys that a lookup would find. An id that it began with may be had or stated by a record all the same."""
        keys = self._keys_asked(place, value)
        self._unanswered.update(keys)
        for seed in self.seeds:
            is_meant = seed.source == place[0].name and not set(keys).isdisjoint(self._customers.stated_ids(seed))
            if is_meant and find_by_stated(seed, self._keys) == seed:
                self._miss(seed, outcome)

    def _miss(self, id_: RecordId, outcome: Failed) -> None:
        self.members.setdefault(id_, MemberRecord(id_, None, outcome))
        self._keys.setdefault(id_, set()).update(self._customers.stated_ids(id_))

    def _doubt_spared(self) -> None:
        """Count keys as unanswered that were spared and would have been asked for at a source that could not be asked."""
        spared = () if self.evidence is None or not self._failed else self.evidence.spared
        self._unanswered.update(key for key in spared if not self._failed.isdisjoint(self._customers.asked_for(key)))

    def _add(self, source: Source, key: Key, outcome: Found) -> list[RecordId]:
        """Add the records that a key has found. Gives the new ones."""
        is_seed = key == self._seed
        if key in self._shared and not is_seed:
            return []
        self.is_shared |= key in self._shared
        links = key.kind in self._customers.trusted[source.name] and key not in self._customers.blocked
        ids = [RecordId(source.name, record.id) for record in outcome.records]
        self._found.append((key, ids))
        new: list[RecordId] = []
        for id_, record in zip(ids, outcome.records, strict=True):
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
        forms = self._stated[id_] = linking_keys(self._customers, id_, self.members[id_].record)
        keys = self._keys[id_]
        keys.update(forms)
        if not kinds_beyond(limited_keys(keys), self._customers.limits):
            for key, own_forms in forms.items():
                self._ask(key, own_forms)

    def _ask(self, key: Key, forms: Sequence[str], *, is_spared: bool = True) -> bool:
        """Put a key into the frontier, once: of each source that finds it. Tells whether it was put there.

        What is stored spares it, unless it must not be.
        """
        evidence = self.evidence
        if key in self.known_keys and (is_spared or evidence is None or key not in evidence.spared):
            return False
        self.known_keys.add(key)
        if evidence is not None and evidence.spares(key):
            if evidence.is_shared(key):
                self._shared.add(key)
            if is_spared:
                return False
            evidence.spared.discard(key)
        name, _, own_id = key.value.partition(":") if key.kind is KeyKind.EXTERNAL_ID else ("", "", "")
        owners = self._customers.by_id(name)
        for source in self._customers.asked_by(key.kind):
            if source not in owners:
                asked = spellings(key.kind, key.value) if source.connector.any_case else forms
                self._frontier.setdefault((source, key.kind), {})[key.value] = asked
        for source in owners if own_id else ():
            if RecordId(source.name, own_id) not in self.members:
                self._frontier.setdefault((source, KeyKind.CUSTOMER_ID), {})[own_id] = (own_id,)
        return True


def _is_id(kind: KeyKind) -> bool:
    return kind is KeyKind.CUSTOMER_ID
