"""The contract test that every kind of connector passes. Its author subclasses it (pytest-asyncio in auto mode):

    class TestZendesk(ConnectorContract):
        samples = {(Ticket, KeyKind.EMAIL): ["ann@example.com", "bob@example.com"]}

        @pytest.fixture
        async def connector(self):
            connector = Zendesk("zendesk", ZendeskSettings(...))
            await connector.open()
            yield connector
            await connector.aclose()

Samples are known keys with at least one record each, for every lookup. Several keys, and keys with many records, some of
them at the same time, prove more.
"""

import asyncio
from contextlib import suppress
from typing import Any

import msgspec

from connectors.contract import RECORD_KEYS, Ask, Connector, KeyKind
from connectors.errors import SourceError
from connectors.record_fields import Fields, all_fields, fields_of
from connectors.testing.aggregates import AggregatePromises
from connectors.testing.fetches import decoded, fetch, fetch_records, json_of, page_of, strays
from connectors.testing.listings import ListingPromises
from connectors.testing.pushdown import PushdownPromises
from connectors.testing.samples import Sampled


class ConnectorContract(PushdownPromises, AggregatePromises, ListingPromises, Sampled):
    """Test the promises that the gateway relies on. Subclasses give `samples` and an async fixture `connector` that is open."""

    async def test_each_record_has_one_lookup_per_key_kind(self, connector: Connector[Any]) -> None:
        """Records and key kinds name one lookup each, and have samples."""
        declared = [(lookup.record, lookup.by) for lookup in connector.lookups()]
        assert len(declared) == len(set(declared))
        assert set(declared) == set(self.samples)
        assert all(lookup.max_batch >= 1 for lookup in connector.lookups())
        measured = [(aggregate.record, aggregate.by) for aggregate in connector.aggregates()]
        assert len(measured) == len(set(measured))
        assert set(measured) <= set(declared)

    async def test_every_sample_is_found(self, connector: Connector[Any]) -> None:
        """Each declared lookup finds records for each known key."""
        for lookup, keys in self.sampled(connector):
            fetched = await fetch_records(lookup, keys)
            assert [key for key in keys if not fetched[key]] == []

    async def test_a_sample_has_keys_that_find_records(self, connector: Connector[Any]) -> None:
        """Where keys can be listed, there are as many as asked for at most, and each finds as many records as is said."""
        for lookup in connector.lookups():
            if lookup.sample is None:
                continue
            for count in (1, 1_000):
                sampled = {own.key: own for own in (await lookup.sample(count)).keys}
                fetched = await fetch_records(lookup, list(sampled))
                assert 1 <= len(sampled) <= count
                assert {key: len(records) for key, records in fetched.items()} == {key: own.ids for key, own in sampled.items()}
                assert all(own.rows >= own.ids for own in sampled.values())

    async def test_an_unknown_key_finds_nothing(self, connector: Connector[Any]) -> None:
        """A key without records is absent or empty, never an error."""
        for lookup, _ in self.sampled(connector):
            keys = [self.unknown_key(lookup.by, number) for number in range(3)]
            assert await fetch_records(lookup, keys) == {key: [] for key in keys}

    async def test_a_record_is_found_by_its_own_keys(self, connector: Connector[Any]) -> None:
        """An id finds the one record that has it, a number all that have it."""
        for lookup, keys in self.sampled(connector):
            if lookup.by in RECORD_KEYS:
                assert RECORD_KEYS[lookup.by] is lookup.record
                field = "parent_id" if lookup.by is KeyKind.PARENT_ACCOUNT else lookup.by.value.rpartition("_")[2]
                for key, records in (await fetch_records(lookup, keys)).items():
                    assert {getattr(record, field) for record in records} == {key}
                    assert field != "id" or len(records) == 1

    async def test_records_are_canonical_json(self, connector: Connector[Any]) -> None:
        """Fields have their names and types, and nothing else is there. Times are in UTC, ids of a key's records are unique."""
        for lookup, keys in self.sampled(connector):
            for key, page in (await fetch(lookup, keys)).items():
                raw = msgspec.json.decode(json_of(page))
                assert [stray for row in raw for stray in strays(lookup.record, row, lookup.record.__name__)] == []
                ids = [row["id"] for row in decoded(lookup.record, page, all_fields(lookup.record))]
                assert len(ids) == len(set(ids)), key

    async def test_a_selection_gives_the_same_values(self, connector: Connector[Any]) -> None:
        """Two fields alone have the values they have among all fields."""
        for lookup, keys in self.sampled(connector):
            other = lookup.record.time_field or next(name for name in fields_of(lookup.record) if name != "id")
            two = Fields.from_paths("id", other)
            whole, selected = await fetch(lookup, keys), await fetch(lookup, keys, fields=two)
            assert whole.keys() == selected.keys()
            for key, page in whole.items():
                expected = decoded(lookup.record, page, two)
                assert sorted(decoded(lookup.record, selected[key], two), key=_id) == sorted(expected, key=_id)

    async def test_a_batch_answers_each_key_for_itself(self, connector: Connector[Any]) -> None:
        """Other keys and their order change nothing that a key finds. Nor do unknown ones."""
        for lookup, keys in self.sampled(connector):
            mixed = [each for number, key in enumerate(keys) for each in (key, self.unknown_key(lookup.by, number))]
            forward, backward = await fetch_records(lookup, mixed), await fetch_records(lookup, mixed[::-1])
            for key in keys:
                alone = (await fetch_records(lookup, [key]))[key]
                assert sorted(forward[key], key=_record_id) == sorted(alone, key=_record_id)
                assert sorted(backward[key], key=_record_id) == sorted(alone, key=_record_id)

    async def test_the_same_question_has_the_same_answer(self, connector: Connector[Any]) -> None:
        """Asking changes nothing."""
        for lookup, keys in self.sampled(connector):
            first, second = await fetch_records(lookup, keys), await fetch_records(lookup, keys)
            for key in keys:
                assert sorted(first[key], key=_record_id) == sorted(second[key], key=_record_id)

    async def test_a_full_batch_is_answered(self, connector: Connector[Any]) -> None:
        """As many keys as `max_batch` allows go in one call."""
        for lookup, keys in self.sampled(connector):
            known = keys[: lookup.max_batch]
            unknown = [self.unknown_key(lookup.by, number) for number in range(lookup.max_batch - len(known))]
            answer = await lookup.fetch([*unknown, *known], Ask(fields=all_fields(lookup.record)))
            assert [key for key in known if json_of(page_of(answer[key])) == b"[]"] == []

    async def test_a_cancelled_call_leaves_the_connector_usable(self, connector: Connector[Any]) -> None:
        """Wherever a call is cancelled, the next one is answered."""
        for lookup, keys in self.sampled(connector):
            batch = keys[: lookup.max_batch]
            for steps in range(8):
                call = asyncio.ensure_future(lookup.fetch(batch, Ask(fields=all_fields(lookup.record))))
                for _ in range(steps):
                    await asyncio.sleep(0)
                call.cancel()
                with suppress(asyncio.CancelledError):
                    await call
            assert all((await fetch_records(lookup, batch)).values())

    async def test_a_closed_connector_raises_a_source_error(self, connector: Connector[Any]) -> None:
        """A call after `aclose()` fails as a source does. `aclose()` may come twice."""
        sampled = list(self.sampled(connector))
        await connector.aclose()
        for lookup, keys in sampled:
            try:
                await fetch(lookup, keys)
            except SourceError:
                continue
            raise AssertionError(f"{lookup.record.__name__} by {lookup.by} was answered by a closed connector")


def _id(row: dict[str, Any]) -> str:
    return str(row["id"])


def _record_id(record: Any) -> str:
    return str(record.id)
