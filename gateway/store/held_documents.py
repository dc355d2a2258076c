"""Read what the collections hold of a customer, for the customer: without digests, and without ids of anybody else."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from gateway.identity.records import RecordId, list_names
from gateway.store.collection import ERASE_S, match_sets
from gateway.store.mongo import Database, Document
from gateway.store.store import Store

SETS = {"tags", "leases"}
"""Collections whose documents are named by sets of records."""


class HeldDocument(msgspec.Struct, frozen=True):
    """A document that MongoDB holds of the customer, beside what people decided."""

    collection: Annotated[str, Meta(description="Where it is.")]
    records: Annotated[Sequence[str], Meta(description="The ids of his records that it names.")]
    until: Annotated[datetime | None, Meta(description="When MongoDB deletes it by itself.")]
    values: Annotated[Mapping[str, Any], Meta(description="What it says.")]


async def read_held_documents(store: Store, records: Collection[RecordId]) -> list[HeldDocument]:
    """Read the documents about these records, which are all that a customer has. Raises `StoreError`.

    Tags of a set with other records are left out: they are of somebody else, too. The identity log is read by its own.
    """
    marks = [store.quota_shares.mark(name).hex() for name in list_names(records)]
    names = {record.node_id: record.node_id for record in records} | {record.id: record.node_id for record in records}
    queries: dict[str, Iterable[Document]] = {
        **{name: match_sets(records) for name in SETS},
        store.components.name: [{"records": {"$in": [record.node_id for record in records]}}],
        store.shared_keys.name: [{"records": {"$in": [record.node_id for record in records]}}],
        store.deliveries.name: [{"records": {"$in": [*names]}}],
        store.outcomes.name: [{"records": {"$in": [*names]}}],
        store.quota_shares.name: [{"mark": {"$in": marks}}],
        store.segment_lists.name: [{"record": {"$in": [record.node_id for record in records]}}],
    }

    async def find(database: Database) -> list[HeldDocument]:
        return [
            held
            for name, own in queries.items()
            for query in own
            for document in await database[name].find(query).to_list(None)
            if (held := _read(name, document, names)) is not None
        ]

    return await store.mongo.run(find, in_background=True, timeout_s=ERASE_S)


def _read(collection: str, document: Document, names: Mapping[str, str]) -> HeldDocument | None:
    """Read a document. None where it is of a set with records of others. `names` are the ids of the customer's records."""
    told = document["_id"].split("\n") if collection in SETS else document.get("records") or [document.get("record", "")]
    records = [names[name] for name in told if name in names]
    if collection in SETS and len(records) < len(told):
        return None
    return HeldDocument(collection, records, document.get("deleteAt"), _VALUES[collection](document))


def _tags(document: Document) -> dict[str, Any]:
    """Read the tags, each with its history."""
    history = document.get("history", {})
    told = {key: _decoded(text) for key, text in document.get("tags", {}).items()}
    return {
        key: tag | {"history": history[key]} if isinstance(tag, dict) and key in history else tag for key, tag in told.items()
    }


def _decoded(text: str) -> Any:
    """Decode a tag. One that cannot be read is told as it is."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


_VALUES: Mapping[str, Any] = {
    "tags": _tags,
    "leases": lambda document: {"until": document["until"]},
    "identity_components": lambda document: {"foundAt": document["walkedAt"]},
    "identity_shared_keys": lambda document: {"sharedAt": document["seenAt"]},
    "deliveries": lambda document: {
        name: document.get(name) for name in ("rule", "target", "key", "from", "to", "at", "cause", "state", "reason", "sentAt")
    },
    "outcomes": lambda document: {name: document[name] for name in ("rule", "outcome", "at", "caller")},
    "quota_customers": lambda document: {"recipient": document["_id"].rsplit(" ", 3)[0]},
    "segment_entries": lambda document: {"segment": document["_id"].partition("\n")[0]},
}
"""What of a document is told, by its collection. Digests of keys tell nobody anything, and owners of leases are workers."""
