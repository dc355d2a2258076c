"""Kinds of keys: one row says all of a kind, and what is forgotten is named."""

import ast
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from connectors.contract import CUSTOMER_KEYS, RECORD_KEYS, KeyKind
from connectors.record_fields import LIST, Fields, fields_of, leaf_field, narrow
from connectors.records import Account, Company, Customer, Order, Personal, Record
from connectors.sql.measure_statement import ONE_OF_A_CUSTOMER
from gateway.identity import key_kinds
from gateway.identity.key_kinds import KEY_KINDS
from gateway.identity.node_ids import ID_KINDS
from resolvers import customer_key

CUSTOMER = {
    "id": "c1",
    "email": "ana@example.com",
    "phone": "+442079460000",
    "memberNumber": "M-1",
    "contactPoints": [{"kind": "EMAIL", "value": "li@example.com"}, {"kind": "PHONE", "value": "+442079460001"}],
    "deviceIds": ["d1", "d2"],
    "externalIds": [{"source": "shop", "id": "7"}],
    "company": {"account": "A-1"},
}
FOUND = CUSTOMER_KEYS
OWN_IDS = [kind for record, kind in ID_KINDS.items() if record not in (Customer, Account)]


class Without(ast.NodeTransformer):
    """Takes the entry of a dict, or the field of a class, that has this name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def visit_Dict(self, node: ast.Dict) -> ast.Dict:
        kept = [(key, value) for key, value in zip(node.keys, node.values, strict=True) if not self._names(key)]
        return ast.Dict([key for key, _ in kept], [value for _, value in kept])

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        return None if self._names(node.target) else self.generic_visit(node)

    def _names(self, node: ast.expr | None) -> bool:
        return node is not None and ast.unparse(node) == self.name


def run_without(module: ModuleType, name: str) -> None:
    """Import a module as it would be without an entry or a field."""
    tree = Without(name).visit(ast.parse(Path(str(module.__file__)).read_text("utf-8")))
    exec(compile(ast.fix_missing_locations(tree), "shortened", "exec"), {"__name__": module.__name__})


def test_every_kind_has_its_row():
    """In the order of the enum, from the strongest to the weakest."""
    assert list(KEY_KINDS) == list(KeyKind)


@pytest.mark.parametrize("kind", [kind for kind in KeyKind if kind not in OWN_IDS])
def test_a_kind_without_a_row_is_named_at_import(kind: KeyKind):
    """Whoever adds a kind to the enum alone is told so when the gateway starts."""
    with pytest.raises(TypeError, match=rf"^KEY_KINDS has nothing for {kind}$"):
        run_without(key_kinds, f"KeyKind.{kind.name}")


@pytest.mark.parametrize(("record", "kind"), ID_KINDS.items())
def test_the_own_id_of_a_record_has_a_row_by_itself(record: type[Record], kind: KeyKind):
    """It finds the record alone; an order's finds its customer, too, and an account's its members."""
    is_customers = record in (Customer, Account)
    assert (RECORD_KEYS.get(kind), KEY_KINDS[kind].finds_customers) == (
        (None, True) if is_customers else (record, record is Order)
    )


@pytest.mark.parametrize("name", customer_key.KINDS)
def test_a_kind_without_an_input_field_is_named_at_import(name: str):
    """Whoever adds a row and no way to ask by it is told so when the gateway starts."""
    with pytest.raises(TypeError, match=rf"^CustomerKey has nothing for {name}$"):
        run_without(customer_key, name)


@pytest.mark.parametrize("kind", FOUND)
def test_a_row_reads_the_fields_that_it_names(kind: KeyKind):
    """It finds keys in a record that has these fields alone, and several only where it names the list of them."""
    row = KEY_KINDS[kind]
    customer = msgspec.convert(CUSTOMER, narrow(Customer, Fields.from_paths(*row.fields)))
    assert len(row.read(customer)) >= 1
    lists = {name for path in row.fields if fields_of(Customer)[name := path.partition(".")[0]].form == LIST}
    assert lists == {row.in_list} - {None}


@pytest.mark.parametrize("kind", FOUND)
def test_a_row_hides_keys_as_their_field_is_hidden(kind: KeyKind):
    """So that a recording finds the hidden record by the hidden key."""
    marks = {field.personal for path in KEY_KINDS[kind].fields if (field := leaf_field(Customer, path)) is not None}
    assert KEY_KINDS[kind].personal in marks


@pytest.mark.parametrize("kind", RECORD_KEYS)
def test_a_kind_that_records_have_themselves_is_in_no_customer(kind: KeyKind):
    """Nor is it personal: ids and numbers of records say nothing of a person. The id of a company's account does."""
    row = KEY_KINDS[kind]
    customer = msgspec.convert(CUSTOMER, Customer)
    personal = Personal.IDENTIFIER if kind is KeyKind.PARENT_ACCOUNT else None
    assert (row.fields, list(row.read(customer)), row.in_list, row.personal) == ((), [], None, personal)


def test_a_company_without_an_account_has_no_key():
    """Nor has a customer without a company."""
    assert [key for key in KEY_KINDS[KeyKind.ACCOUNT].read(Customer(id="c1", company=Company(name="A"))) if key] == []
    assert list(KEY_KINDS[KeyKind.ACCOUNT].read(Customer(id="c1"))) == []


def test_sql_takes_no_kind_for_single_that_is_multiple():
    """Its measures count a record once for each of a customer's keys, where there can be several."""
    assert [kind for kind in ONE_OF_A_CUSTOMER if KEY_KINDS[kind].multiple] == []


def test_the_documentation_has_a_row_for_every_kind():
    """In the table of the connectors' page, in the order of the enum."""
    page = Path("docs/connectors.md").read_text("utf-8")
    table = page.partition("| kind of key |")[2].partition("\n\n")[0]
    assert [line.split("`")[1] for line in table.splitlines()[2:]] == [kind.value for kind in KeyKind]
