"""Read all that is shown of one customer, by GraphQL operations on the services of this process.

They run as those of callers do, so what is exported is what is shown. Nobody's rights apply: it is his own.
Who is erased is not shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import msgspec
from graphql import GraphQLError

from connectors.errors import ProfileGatewayError
from connectors.toolkit.evaluation import encode_json
from gateway.context import RequestContext
from gateway.documents.limits import Limits
from gateway.documents.profiles import Profile
from gateway.execution.executor import Executor
from gateway.execution.schema_types import core_schema
from gateway.export.document import ExportGap
from gateway.export.exported_types import ROOT, TAGS, ExportedField, ExportedTypes
from gateway.export.gaps import find_gaps
from gateway.lookups.access_notes import AccessNotes
from gateway.lookups.deadline import Deadline
from gateway.lookups.loaders import Loaders
from gateway.operations import Operations
from gateway.quota.cost import CostLimits
from gateway.services import Services, hide_erased
from gateway.stitching.stitcher import Stitcher
from resolvers.connection import MAX_FIRST
from resolvers.schema import schema_with

Shown = dict[str, Any]
"""A customer as JSON, by the names of the schema's fields."""

OPERATION_S = 60.0
"""The deadline of each operation, in seconds: no caller waits behind it."""

GONE = "GONE"
"""Why a part is missing of a customer who was found, and then was not."""

_ANY = 10**9
_UNLIMITED = Profile(limits=Limits(**{field.name: _ANY for field in fields(Limits)}), cost=CostLimits(_ANY, _ANY))
_REQUEST_ID = "export"
ALIAS = "tag_"
"""What the name begins with under which a tag is asked for."""


class CustomerReader:
    """Reads customers from open services. `types` says what of them, `gaps` what could not be read, once.

    `notes` are told whom it finds.
    """

    def __init__(self, services: Services, notes: AccessNotes | None = None) -> None:
        schema = schema_with(tuple(services.settings.fields.declared()))
        core = core_schema(schema)
        self.types = ExportedTypes(core)
        self.executor = Executor(schema, suggestions=False, clock=services.clock)
        self._operations = Operations(core, limits=_UNLIMITED.limits)
        self._services = services
        self._notes = notes
        self._gaps: dict[ExportGap, None] = {}

    @property
    def gaps(self) -> list[ExportGap]:
        """List what could not be read."""
        return [*self._gaps]

    async def read(self, customer_id: str) -> Shown | None:
        """Read the customer with this id, as the schema shows him, with all pages of all lists. None where nobody has it.

        Raises what the schema says in his place.
        """
        own = self.types.fields[ROOT]
        plain = [field for field in own if not field.is_paged and field.name != TAGS]
        customer, errors = await self._ask(self.types.write_fields(plain), customer_id)
        if customer is None:
            for error in errors:
                raise error.original_error or error
            return None
        read: Shown = {}
        for field in own:
            if field.is_paged:
                read[field.name] = await self._read_list(field, customer_id)
            else:
                read[field.name] = await self._read_tags(customer_id) if field.name == TAGS else customer[field.name]
        return read

    async def _read_tags(self, customer_id: str) -> list[Any]:
        """Read every tag, also those that the rules do not give."""
        names = {f"{ALIAS}{key}": key for key in self._services.tags.own_keys}
        asked = " ".join(f'{name}: tag(key: "{key}"){self.types.write_selection("Tag")}' for name, key in names.items())
        sources = self.types.write_selection("CustomerSource")
        customer = await self._ask_more(TAGS, f"sources{sources} {asked}", customer_id)
        return [tag for name in names if (tag := customer.get(name)) is not None]

    async def _read_list(self, field: ExportedField, customer_id: str) -> Shown | None:
        """Read all pages of a list as one."""
        below = self.types.write_fields(self.types.fields[field.type_name])
        text = f"{field.name}(first: {MAX_FIRST}, after: $after) {{ {below} pageInfo {{ hasNextPage endCursor }} }}"
        whole: Shown | None = None
        place: Shown = {"hasNextPage": True, "endCursor": None}
        while place["hasNextPage"]:
            page = (await self._ask_more(field.name, text, customer_id, place["endCursor"])).get(field.name)
            if page is None:
                break
            place = page.pop("pageInfo")
            whole = page if whole is None else join_pages(whole, page)
        return whole

    async def _ask_more(self, part: str, selection: str, customer_id: str, after: str | None = None) -> Shown:
        """Ask for a part of the customer who was found before."""
        customer, errors = await self._ask(selection, customer_id, after)
        if customer is None and not errors:
            self._gaps[ExportGap(part, GONE)] = None
        return customer or {}

    async def _ask(self, selection: str, customer_id: str, after: str | None = None) -> tuple[Shown | None, list[GraphQLError]]:
        """Ask for fields of the customer, and note what is missing of them."""
        paging = ", $after: String" if "$after" in selection else ""
        text = f"query ($id: ID!{paging}) {{ customer(by: {{id: $id}}) {{ {selection} }} }}"
        operation = self._operations.prepare(text, None, _UNLIMITED)
        router, loaders = self._services.router, Loaders(Deadline.within(self._services.clock, OPERATION_S), notes=self._notes)
        stitcher = Stitcher(router, loaders, hide_erased(router))
        context = RequestContext(self._services, _REQUEST_ID, stitcher, profile=_UNLIMITED)
        variables = {"id": customer_id} | ({"after": after} if paging else {})
        try:
            result = await self.executor.run(operation, variables, context)
        finally:
            if self._notes is not None:
                self._notes.add_sources(loaders.list_sources())
        # As a client reads it: values may be encoded already.
        customer: Shown | None = msgspec.json.decode(encode_json(result.data or {})).get("customer")
        errors = result.errors or []
        self._gaps |= dict.fromkeys([*map(_gap_of, errors), *find_gaps(self.types, customer or {})])
        return customer, errors


def join_pages(whole: Mapping[str, Any], page: Mapping[str, Any]) -> Shown:
    """Add a page to those before it: records one after the other, what sources say once, other values as they were first."""
    return {name: _joined(name, value, page[name]) for name, value in whole.items()}


def _joined(name: str, value: Any, more: Any) -> Any:
    if isinstance(value, bool):
        return value or more
    if not isinstance(value, list) or not isinstance(more, list):
        return value
    if name == "nodes":
        return [*value, *more]
    # When a later page was given is not told, but that its source could not be asked.
    told = [_without_time(own) for own in value]
    return [*value, *(own for own in more if _without_time(own) not in told)]


def _without_time(value: Any) -> Any:
    return {key: own for key, own in value.items() if key != "asOf"} if isinstance(value, dict) else value


def _gap_of(error: GraphQLError) -> ExportGap:
    cause, extensions = error.original_error, error.extensions or {}
    code = cause.code if isinstance(cause, ProfileGatewayError) else extensions.get("code", "INTERNAL")
    parts = [part for part in (error.path or ())[1:] if isinstance(part, str) and part != "nodes"]
    names = [TAGS if part.startswith(ALIAS) else part for part in parts]
    return ExportGap(".".join(names) or "customer", code, extensions.get("source"))
