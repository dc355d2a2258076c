"""Facts of a customer that are asked for by name, without a tag."""

from collections.abc import Collection, Sequence
from typing import Any

from gateway.context import RequestContext
from gateway.errors import InvalidArgumentError, WithheldError
from gateway.execution.field_metadata import BatchResolver
from gateway.stitching.customer import StitchedCustomer, report_contributions
from gateway.tags.computation import compute_facts
from gateway.tags.computed_tag import FactValue
from gateway.tags.definitions import Pack
from gateway.tags.languages import tell_facts


async def named_facts(
    context: RequestContext, customers: Sequence[StitchedCustomer], names: list[str]
) -> list[list[FactValue]]:
    """Compute facts of each customer, in the order of their names. One question asks for all customers.

    Raises `InvalidArgumentError` for a name that is not defined, and `WithheldError` for one whose tags are all withheld.
    """
    services = context.services
    pack = services.tags.pack
    _check_names(pack, names, context.hidden_tags)
    with report_contributions(customers):
        tagged = [customer.tagged for customer in customers]
        facts = await compute_facts(pack, names, list(dict.fromkeys(tagged)), services.clock)
    labels = {name: pack.facts[name].labels for name in names if pack.facts[name].labels}
    return [[*tell_facts([facts[customer.id][name] for name in dict.fromkeys(names)], labels)] for customer in tagged]


def _check_names(pack: Pack, names: Collection[str], hidden_tags: Collection[str]) -> None:
    unknown = sorted(set(names) - set(pack.facts))
    for name in unknown:
        tags = [key for key, tag in pack.tags.items() if name in tag.score_names and key not in hidden_tags]
        if tags:
            raise InvalidArgumentError(
                f'names: {name} is a score, which stands in the evidence of tags; ask for tag(key: "{tags[0]}") {{ evidence }}'
            )
    if unknown:
        named = ", ".join(name[:40] for name in unknown[:3]) + (", ..." if len(unknown) > 3 else "")
        raise InvalidArgumentError(f"names: no fact is called {named}; tagDefinitions lists those of each tag")
    if hidden_tags:
        given = {name for key, tag in pack.tags.items() if key not in hidden_tags for name in tag.fact_names}
        if withheld := sorted(set(names) - given):
            raise WithheldError(f"Customer.facts: `{withheld[0]}` is withheld from this caller")


def _expect_nothing(_context: RequestContext, _ids: Sequence[str], **_arguments: Any) -> None:
    """Facts are in no store."""


NAMED_FACTS = BatchResolver(named_facts, _expect_nothing)
