"""Lead to the pages that records have at the sources which own them."""

from typing import Any

import strawberry

from connectors.records import Record
from connectors.toolkit.record_links import linked_fields
from gateway.context import context_of
from gateway.execution.field_metadata import METADATA_KEY, FieldMetadata, RecordLink, RequiredFields
from gateway.stitching.sourced_record import record_of


def link_field(record: type[Record], own_id: str = "id", what: str = "record") -> Any:
    """Declare the address of a record's page. `own_id` is the attribute that holds the record's id at its source."""

    def resolve(root: strawberry.Parent[Any], info: strawberry.Info[Any, None]) -> str | None:
        return context_of(info).services.sources.links.writer(record, own_id)(root.source, record_of(root))

    reads = RequiredFields(paths=tuple(linked_fields(record).values()))
    metadata = FieldMetadata(reads=reads, link=RecordLink(record, own_id))
    description = f"The address of the {what}'s page at its source; null where the settings have none."
    return strawberry.field(resolver=resolve, description=description, metadata={METADATA_KEY: metadata})
