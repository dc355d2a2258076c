"""What of the schema is exported: all of it that can be asked for, or it is said what has to be decided."""

import json

import pytest
from graphql import build_schema, extend_schema, parse

from gateway.export.exported_types import LEFT_OUT, ExportedTypes, UnexportableFieldError
from gateway.export.json_schema import write_json_schema
from tests.support.paths import ROOT

SCHEMA = build_schema((ROOT / "schema.graphql").read_text("utf-8"))


def types_with(more: str) -> ExportedTypes:
    return ExportedTypes(extend_schema(SCHEMA, parse(more)))


def test_the_schema_in_the_docs_is_that_of_the_code():
    """`make schema` writes it."""
    written = json.loads((ROOT / "docs" / "export.schema.json").read_text("utf-8"))
    assert written == json.loads(json.dumps(write_json_schema(ExportedTypes(SCHEMA))))


def test_a_field_that_is_added_is_exported_at_once():
    """A value, a part, a page of records that were not there: each is asked for, and is in the JSON Schema."""
    types = types_with(
        """
        type Parcel { weight: Int, stops: [Stop!]! }
        type Stop { town: String }
        type StopConnection { nodes: [Stop!]!, pageInfo: PageInfo!, edges: [Stop!]! }
        extend type Order { parcel: Parcel }
        extend type Customer { stops(first: Int! = 20, after: String): StopConnection }
        """
    )
    assert types.write_selection("Order").endswith(" parcel { weight stops { town } } }")
    (stops,) = [field for field in types.fields["Customer"] if field.name == "stops"]
    assert (stops.is_paged, types.write_selection("StopConnection")) == (True, " { nodes { town } }")
    definitions = write_json_schema(types)["$defs"]
    assert definitions["Order"]["properties"]["parcel"]["anyOf"][0] == {"$ref": "#/$defs/Parcel"}
    assert definitions["Parcel"]["required"] == ["weight", "stops"]


def test_what_leads_on_from_a_company_is_left_out():
    """Who adds a field there need not think of those whom it tells of."""
    types = types_with("type Contact { name: String } extend type Account { founded: Int, contacts: [Contact!]! }")
    assert "founded" in [field.name for field in types.fields["Account"]]
    assert types.left_out["Account.contacts"] == "is the company's, not the customer's"
    assert "Contact" not in types.fields


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ("extend type Customer { near(town: String!): Int }", "Customer.near: nobody gives town"),
        ("extend type Order { owner: Customer }", r"Customer: stands inside itself \(Customer, OrderConnection, Order\)"),
        ("extend type Order { first: TimelineEntry }", "Order.first: TimelineEntry may be of several types"),
        ("extend type Order { again: Node }", "Order.again: Node may be of several types"),
        ("extend type Order { tickets(first: Int): TicketConnection }", "Order.tickets: only lists of the customer are paged"),
    ],
)
def test_what_cannot_be_asked_for_has_to_be_decided(more: str, problem: str):
    """It names the field, and no export goes without it."""
    with pytest.raises(UnexportableFieldError, match=problem):
        types_with(more)


def test_each_field_that_is_left_out_is_in_the_schema():
    """But for the log of accesses, which the export has without the schema."""
    there = {f"{name}.{field}" for name, kind in SCHEMA.type_map.items() for field in getattr(kind, "fields", ())}
    assert LEFT_OUT.keys() - there <= {"Customer.accessLog"}
