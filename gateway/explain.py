"""Explain for the command line: tags of a customer, plans, unreadable values."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from connectors import records
from connectors.contract import Ask, KeyKind
from connectors.errors import ProfileGatewayError
from connectors.record_fields import Fields, all_fields
from connectors.suggestions import did_you_mean, suggest
from gateway.app import opened
from gateway.errors import ErasedError, ErasuresUnknownError, InvalidArgumentError, SourceFailure
from gateway.execution.executor import Executor
from gateway.execution.explain_plan import explain_plan
from gateway.execution.plan import Plan
from gateway.execution.schema_types import core_schema
from gateway.identity.records import Key, RecordId
from gateway.lookups.deadline import Deadline
from gateway.lookups.loaders import Loaders
from gateway.lookups.outcome import Failed
from gateway.operations import Limits, Operations
from gateway.services import Services, hide_erased
from gateway.stitching.admitted_customers import find_admitted
from gateway.stitching.customer import StitchedCustomer
from gateway.stitching.selection import Selection
from gateway.stitching.stitcher import Stitcher
from gateway.tags.explained_tag import ExplainedTag, explain_tag
from resolvers.customer_key import KINDS
from resolvers.schema import schema_of

_OTHER_KEY = "give the id of one, or a key with its kind, such as email:ana@example.com"
_READ = 100
"""Records of each type, source and key that are read of a customer."""
COMMAND_S = 60.0
"""The deadline of each customer that a command reads, in seconds: no caller waits behind it."""

_CUSTOMER = records.RECORD_NAMES[records.Customer]
_RECORDS = [record for record in records.RECORDS.values() if record is not records.Customer]


def explained_plan(query: str, variables: str, services: Services | None = None) -> list[str]:
    """Write the lines of an operation's plan.

    `variables` is a JSON object, and with `services` the plan says where records come from, fields of one's own too.

    Raises `CallerError` for an operation that is not valid, or that no plan can do.
    """
    schema = schema_of(None if services is None else services.settings)
    executor = Executor(schema, suggestions=True)
    operation = Operations(core_schema(schema), limits=Limits()).prepare(query, None)
    try:
        coerced = executor.coerced(operation, msgspec.json.decode(variables, type=dict[str, Any]))
    except msgspec.MsgspecError:
        raise InvalidArgumentError("variables: this is not a JSON object") from None
    if isinstance(coerced, list):
        raise InvalidArgumentError("; ".join(error.message for error in coerced))
    plan = executor.plan(operation, coerced)
    if not isinstance(plan, Plan):
        raise InvalidArgumentError(f"query: this operation runs on graphql-core, because no plan can do this: {plan.reason}")
    return explain_plan(schema, operation, coerced, plan, None if services is None else services.sources)


class ExplainedTags(msgspec.Struct, frozen=True):
    """All tags of a customer, given or not, in order. `warning` is about the customer's own record, None when it was read."""

    tags: Sequence[ExplainedTag]
    warning: str | None = None


async def explained(services: Services, key: str, by: str | None = None) -> ExplainedTags | None:
    """Compute and explain all tags of the customer with a key. None if there is certainly no such customer.

    `by` names the kind of the key. Without it the key may begin with it, such as `email:...`, and is an id otherwise.

    Raises `CallerError`, or `SourceFailure` when the source that knows the key cannot be asked.
    """
    kind, value = _read_key(key, by)
    async with opened(services):
        pack = services.tags.pack
        selection = Selection(
            fields=Fields.from_paths("id"), stitches=frozenset(pack.facts[name].record for name in pack.facts)
        )
        customer = await find_admitted(_stitcher(services), Key(kind, value), selection)
        if customer is None:
            return None
        answers = await services.tags.load([(customer.tagged, key) for key in pack.tags])
        return ExplainedTags([explain_tag(pack, answer) for answer in answers], _missing_record(customer))


def _stitcher(services: Services) -> Stitcher:
    """Make a stitcher that shows nobody who is erased."""
    return Stitcher(services.router, Loaders(Deadline.within(services.clock, COMMAND_S)), hide_erased(services.router))


def _read_key(key: str, by: str | None) -> tuple[KeyKind, str]:
    if by is None:
        prefix, colon, value = key.partition(":")
        return (KINDS[prefix], value) if colon and prefix in KINDS else (KeyKind.CUSTOMER_ID, key)
    if by not in KINDS:
        raise InvalidArgumentError(f"--by: there are no keys of kind '{by}'{did_you_mean(by, KINDS)}")
    return KINDS[by], key


def suggest_kind(key: str, otherwise: str) -> str:
    """End a message about a key that finds nobody: with the kind that it may begin with, misspelt, or with another fix."""
    prefix, colon, _ = key.partition(":")
    return f"; {otherwise}" if not colon or prefix in KINDS else suggest(prefix, KINDS, otherwise)


def _missing_record(customer: StitchedCustomer) -> str | None:
    try:
        _ = customer.record.id
    except SourceFailure as failure:
        return f"{failure}; whether there is such a customer is not known"
    return None


def _is_erased(services: Services, record: RecordId) -> bool:
    """Tell whether a record is one of somebody erased."""
    erased = services.router.erased
    return erased is not None and bool(erased.table.find(erased.keys_of_id(record)))


async def unreadable_values(services: Services, customers: Sequence[str]) -> list[str]:
    """List the unreadable values of some customers: each trouble once, with an example.

    A key of a customer is an id, or begins with its kind, such as `email:...`. Of who is erased neither a value nor an id is
    listed, and not the key that finds him.
    """
    problems = []
    for number, key in enumerate(customers, 1):
        before = {source: {**source.troubles} for source in services.sources.all}
        try:
            problems += await _read_customer(services, key)
        except (ErasedError, ErasuresUnknownError) as error:
            for source, troubles in before.items():
                source.set_troubles(troubles)
            problems.append(f"the customer of --customer number {number}: {error}")
    return [*problems, *_troubles(services)]


async def _read_customer(services: Services, key: str) -> list[str]:
    """Read all of a customer, and list what fails. Raises `ErasedError` and `ErasuresUnknownError`."""
    selection = Selection(fields=all_fields(records.Customer), stitches=frozenset(records.RECORDS.values()))
    try:
        customer = await find_admitted(_stitcher(services), Key(*_read_key(key, None)), selection)
    except (ErasedError, ErasuresUnknownError):
        raise
    except ProfileGatewayError as error:
        return [f"customer {key}: {error}"]
    if customer is None:
        return [f"customer {key}: nobody has this key{suggest_kind(key, _OTHER_KEY)}"]
    problems = []
    for record in _RECORDS:
        for source, kind in customer.configured(record):
            outcomes = await customer.fetch(record, Ask(fields=all_fields(record), first=_READ), source, kind)
            failed = [outcome.error for outcome in outcomes if isinstance(outcome, Failed)]
            problems += [f"{source.name}: {records.RECORD_NAMES[record]}: {error}" for error in failed]
    return problems


def _troubles(services: Services) -> Iterator[str]:
    for source in services.sources.all:
        for (name, path, reason), (count, example) in source.troubles.items():
            if example is None:
                which = "in a record whose id cannot be read"
            elif name == _CUSTOMER and _is_erased(services, RecordId(source.name, example)):
                which = "first in a record of somebody who was erased"
            else:
                which = f"first in {name} {example}"
            yield f"{source.name}: {name}.{path}: {reason}, {count} time{'s' if count > 1 else ''}, {which}"
