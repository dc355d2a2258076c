"""How a field of the schema is declared: with its description and, beside it, what it is to an executor."""

from collections.abc import Callable
from typing import Any

import strawberry

from connectors.record_fields import Fields
from connectors.records import Record
from gateway.execution.field_metadata import METADATA_KEY, BatchResolver, CustomerFinder, FieldMetadata, RequiredFields
from gateway.identity.node_ids import node_id_expression

LIST_WEIGHT, FIGURES_WEIGHT = 5, 25
"""What a field costs in nodes, beside the records that it gives: a list, or what is computed from several records."""

Decorator = Callable[[Callable[..., Any]], Any]


def field(description: str, **words: Any) -> Any:
    """An attribute that reads the record's field of the same name."""
    return strawberry.field(description=description, **words)


def own(description: str, owner: str = "record") -> Any:
    """Declare a field of the object's `owner`. By default that is a customer's own record."""
    return strawberry.field(description=description, metadata={METADATA_KEY: FieldMetadata(owner=owner)})


def apart(description: str, *, more: bool = False, count: bool = False, name: str | None = None) -> Any:
    """Declare an attribute that reads no field of the record. It may ask about the list: whether it has more, how many."""
    return strawberry.field(name=name, description=description, metadata=_reading(RequiredFields(more=more, count=count)))


def node_id_field(description: str) -> Any:
    """The id of a record, `SOURCE:ID`."""
    return strawberry.field(name="id", description=description, metadata=_of_source(node_id_expression))


def source_field(description: str) -> Any:
    """The name of a record's source."""
    return strawberry.field(description=description, metadata=_of_source(lambda source, _: source, reads=()))


def source_id_field(description: str) -> Any:
    """A record's own id at its source."""
    return strawberry.field(description=description, metadata=_of_source(lambda _, own_id: own_id))


def nodes_field(description: str) -> Any:
    """An attribute that gives records with their sources."""
    metadata = {METADATA_KEY: FieldMetadata(reads=RequiredFields(inside=True), gives_nodes=True)}
    return strawberry.field(description=description, metadata=metadata)


def inside(description: str, name: str | None = None) -> Any:
    """Declare an attribute whose selection is on the same record. The `nodes` of a connection are so."""
    return strawberry.field(name=name, description=description, metadata=_reading(RequiredFields(inside=True)))


def computed(
    description: str,
    *,
    inside: bool = False,
    position: bool = False,
    reports: bool = False,
    members: bool = False,
    paths: tuple[str, ...] = (),
    of_account: tuple[type[Record], ...] = (),
    lists_customers: bool = False,
    weight: int = 0,
    graphql_type: Any = None,
) -> Decorator:
    """A method that computes a field.

    `inside` as above, `position` when it needs what orders the record, `reports` when what sources contributed to the customer,
    `members` when all records of the customer, `paths` when fields of the record, `of_account` when records
    that the id of an account finds, `lists_customers` when it finds customers by ids. `weight` is its price else.
    """
    reads = RequiredFields(inside=inside, position=position, reports=reports, members=members, paths=paths)
    weight = LIST_WEIGHT if of_account or lists_customers else weight
    own = FieldMetadata(reads=reads, of_account=of_account, lists_customers=lists_customers, weight=weight)
    metadata = {METADATA_KEY: own}
    return strawberry.field(description=description, metadata=metadata, graphql_type=graphql_type)  # type: ignore[no-any-return]


def stitching(
    description: str,
    *records: type[Record],
    graphql_type: Any = None,
    together: BatchResolver | None = None,
    unseen: Fields = Fields(),  # noqa: B008  it is frozen
    members: bool = False,
    facts: bool = False,
    weight: int = FIGURES_WEIGHT,
) -> Decorator:
    """Declare a method that finds records by the customer's keys.

    `together` does the same for many customers at once. `unseen` are fields of the customer's record that it reads, `members`
    when it needs all records of the customer, `facts` when the records that facts of tags measure. `weight` is its price.
    """
    reads = RequiredFields(stitches=records, unseen=unseen, members=members, facts=facts)
    metadata = {METADATA_KEY: FieldMetadata(reads=reads, together=together, weight=weight)}
    return strawberry.field(description=description, metadata=metadata, graphql_type=graphql_type)  # type: ignore[no-any-return]


def root(
    description: str,
    graphql_type: Any = None,
    finds: CustomerFinder | None = None,
    *,
    name: str | None = None,
    searches: bool = False,
    tries_keys: bool = False,
    weight: int = 0,
    deprecation_reason: str | None = None,
) -> Decorator:
    """Declare a method where a query begins.

    `finds` says how, where it gives customers; `searches` that it looks by a text, `tries_keys` that also by all keys that this
    may be. `weight` is its price where it does neither.
    """
    own = FieldMetadata(finds=finds, searches=searches, tries_keys=tries_keys, weight=LIST_WEIGHT if searches else weight)
    metadata = {METADATA_KEY: own} if own.is_priced else {}
    return strawberry.field(  # type: ignore[no-any-return]
        name=name,
        description=description,
        graphql_type=graphql_type,
        metadata=metadata,
        deprecation_reason=deprecation_reason,
    )


def _of_source(write: Callable[[str, str], str], reads: tuple[str, ...] = ("id",)) -> dict[str, FieldMetadata]:
    return {METADATA_KEY: FieldMetadata(reads=RequiredFields(paths=reads), of_source=write)}


def _reading(reads: RequiredFields) -> dict[str, FieldMetadata]:
    return {METADATA_KEY: FieldMetadata(reads=reads)}
