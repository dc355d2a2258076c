"""Define the document that a customer is given: all that is held and shown of him."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from gateway.store.held_documents import HeldDocument


class ExportGap(msgspec.Struct, frozen=True):
    """What is missing of a part of the customer."""

    path: Annotated[str, Meta(description="The part, such as `orders`.")]
    code: Annotated[str, Meta(description="Why: the code of an error, `PARTIAL`, `UNREADABLE`, or why records may be missing.")]
    source: Annotated[str | None, Meta(description="The source that it is for want of.")] = None


class ExportedPurpose(msgspec.Struct, frozen=True):
    """A purpose for which data of customers are used."""

    name: Annotated[str, Meta(description="Its name.")]
    basis: Annotated[str, Meta(description="What allows it (Article 6).")]
    consent: Annotated[str | None, Meta(description="The purpose of the consents that are looked at; null for none.")]
    channels: Annotated[Sequence[str] | None, Meta(description="The channels of these consents; null for all.")]


class ExportedDecision(msgspec.Struct, frozen=True):
    """What a person decided about records of the customer. Who it was is not told."""

    at: Annotated[datetime, Meta(description="When.")]
    action: Annotated[str, Meta(description="LINK makes two records one customer, CUT keeps them apart, WITHDRAW ends either.")]
    rule: Annotated[str, Meta(description="By a person alone, or by accepting a proposal.")]
    records: Annotated[Sequence[str], Meta(description="The ids of those records that are the customer's.")]
    reason: Annotated[str, Meta(description="Why.")]


class ExportedAccess(msgspec.Struct, frozen=True, rename="camel"):
    """An access to data of the customer. Which people asked is not told, but the caller that they asked by."""

    at: Annotated[datetime, Meta(description="When.")]
    recipient: Annotated[str | None, Meta(description="The caller who was answered; null where callers have no names.")]
    purpose: Annotated[str | None, Meta(description="What for.")]
    field_classes: Annotated[Sequence[str], Meta(description="The classes of the fields that were asked for.")]
    sources: Annotated[Sequence[str], Meta(description="The sources that were asked.")]
    answer: Annotated[str, Meta(description="OK, or the code of the first error.")]


class CustomerExport(msgspec.Struct, frozen=True, rename="camel"):
    """All that is held and shown of a customer (Articles 15 and 20 of the GDPR)."""

    exported_at: Annotated[datetime, Meta(description="When it was written.")]
    customer: Annotated[Mapping[str, Any], Meta(description="The customer, as the schema shows him.")]
    purposes: Annotated[Sequence[ExportedPurpose], Meta(description="The purposes that the settings know.")]
    decisions: Annotated[Sequence[ExportedDecision], Meta(description="What people decided about his records.")]
    held: Annotated[Sequence[HeldDocument], Meta(description="What MongoDB holds of him beside these.")]
    accesses: Annotated[
        Sequence[ExportedAccess] | None, Meta(description="Who was shown what and when; null where no audit is kept.")
    ]
    left_out: Annotated[Mapping[str, str], Meta(description="Fields of the schema that are not here, and why.")]
    missing: Annotated[Sequence[ExportGap], Meta(description="What could not be had when this was written. Empty: nothing.")]
