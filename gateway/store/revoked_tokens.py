"""Revoked tokens in MongoDB, one document for each.

revoked_tokens  {_id: digest, issuer, madeAt, tokenId, endsAt} or {_id: digest, issuer, madeAt, issuedBefore}
control         {_id: "revoked_tokens", version}
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import msgspec

from gateway.access.revocations import Revocation
from gateway.clock import CLOCK_TOLERANCE
from gateway.errors import StoreError
from gateway.store.control import raise_version, read_version
from gateway.store.mongo import Database, Document, Mongo

COLLECTION = "revoked_tokens"


class RevokedTokenCollection:
    """Reads and writes revoked tokens. Every method raises `StoreError`, and only that, when MongoDB fails."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    async def version(self) -> int:
        return await read_version(self._mongo, COLLECTION)

    async def read(self) -> Sequence[Revocation]:
        """Read all. One that cannot be read fails all: without it a revoked token would hold again."""

        async def find(database: Database) -> list[Document]:
            return await database[COLLECTION].find({}, {"_id": 0}).to_list(None)

        found = await self._mongo.run(find)
        try:
            return [msgspec.convert(document, Revocation) for document in found]
        except msgspec.ValidationError:
            raise StoreError(f"a document in {COLLECTION} is no revocation of these commands") from None

    async def add(self, revocation: Revocation) -> None:
        fields = {"issuer": revocation.issuer, "madeAt": revocation.made_at}
        if revocation.token_id is None:
            grows: dict[str, Any] = {"issuedBefore": revocation.issued_before}
        else:
            fields["tokenId"] = revocation.token_id
            grows = {"endsAt": revocation.ends_at}
        over = {"endsAt": {"$lt": revocation.made_at - CLOCK_TOLERANCE}}

        async def write(database: Database) -> None:
            own = {"_id": _id_of(revocation)}
            await database[COLLECTION].update_one(own, {"$set": fields, "$max": grows}, upsert=True)
            await raise_version(database, COLLECTION)
            await database[COLLECTION].delete_many(over)

        await self._mongo.run(write, kind="write")


def _id_of(revocation: Revocation) -> str:
    return sha256(msgspec.json.encode([revocation.issuer, revocation.token_id])).hexdigest()
