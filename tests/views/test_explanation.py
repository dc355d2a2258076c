"""What `access explain` says of a field, and `schema --scopes` of all."""

from pathlib import Path

import pytest
from graphql import build_schema
from typer.testing import CliRunner

from gateway.cli import app
from gateway.execution.schema_types import core_schema
from gateway.views.schema_classes import classes_by_field
from resolvers.schema import schema

SETTINGS = """
[access]
anonymous = "one"
hash_secret = "a secret of hashes that is long enough"
[purposes.delivery]
basis = "contract"
[callers.console]
[callers.one]
sees = { contact = "masked", commercial = "shown", behavioural = "hashed", identifying = "shown" }
find_by = ["customer_id", "order_id"]
[callers.two]
customers = ["crm:1"]
sources = ["crm"]
purposes = ["delivery"]
[sources.crm]
kind = "http"
base_url = "http://127.0.0.1:9"
[sources.crm.records.customer]
path = "/c"
keys = { customer_id = "id" }
"""


def explained(folder: Path, caller: str, field: str) -> list[str]:
    file = folder / "gateway.toml"
    file.write_text(SETTINGS)
    result = CliRunner().invoke(app, ["access", "explain", "--caller", caller, "--field", field, "--config", str(file)])
    return (result.output or "").splitlines()


@pytest.mark.parametrize(
    ("caller", "field", "said"),
    [
        ("one", "Customer.email", ["masked", "class contact: masked by callers.one.sees"]),
        ("one", "Customer.name", ["withheld", "class personal: withheld, as callers.one.sees does not name it"]),
        ("one", "Order.number", ["shown", "class commercial: shown by callers.one.sees"]),
        ("one", "Customer.source", ["shown", "class technical: always shown"]),
        (
            "one",
            "Ticket.createdAt",
            [
                "withheld",
                "class behavioural: hashed by callers.one.sees",
                "is no text, or tells by its order, so it cannot be hashed",
            ],
        ),
        (
            "one",
            "Query.account",
            ["withheld", "finds by account, by which callers.one may not ask"],
        ),
        ("console", "Customer.email", ["shown", "class contact: shown, as callers.console has no `sees`"]),
        (
            "two",
            "Account.members",
            [
                "withheld",
                "class identifying: shown, as callers.two has no `sees`",
                "leads to customers of whom callers.two may not be told",
                "of some customers alone, by callers.two.customers",
                "from crm alone, by callers.two.sources",
                "for delivery alone, by callers.two.purposes",
            ],
        ),
    ],
)
def test_a_decision_is_explained_by_the_settings(tmp_path: Path, caller: str, field: str, said: list[str]):
    lines = [line.strip() for line in explained(tmp_path, caller, field)]
    assert lines == [f"{field}: {said[0]}", *said[1:]]


def test_what_is_not_there_is_named(tmp_path: Path):
    assert "--caller: no caller has the name 'consol'; did you mean 'console'?" in " ".join(
        explained(tmp_path, "consol", "Customer.email")
    )
    assert "--field: the schema has no field Customer.mail" in " ".join(explained(tmp_path, "one", "Customer.mail"))


def test_the_schema_says_which_classes_a_field_needs():
    result = CliRunner().invoke(app, ["schema", "--scopes"])
    written = build_schema(result.output)
    classes = classes_by_field(core_schema(schema))
    found = {}
    for kind in written.type_map.values():
        if hasattr(kind, "fields") and not kind.name.startswith("__"):
            for name, field in kind.fields.items():
                node = getattr(field, "ast_node", None)
                if node is not None and node.kind == "field_definition":
                    own = [directive for directive in node.directives or () if directive.name.value == "requiresScopes"]
                    found[f"{kind.name}.{name}"] = {
                        scope.value for directive in own for scope in directive.arguments[0].value.values[0].values
                    }
    assert found["Customer.email"] == {"contact"}
    assert found == {where: {own.value for own in classes[where].all} - {"technical"} for where in found}
    assert len(found) > 300
