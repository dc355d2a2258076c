"""Every setting stands in the docs, with its default, and every example of settings can be served."""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from connectors.files import FilesSettings
from connectors.graphql import GraphQLSettings
from connectors.graphql import settings as graphql
from connectors.http import HttpSettings
from connectors.http import settings as http
from connectors.mongo import MongoSourceSettings
from connectors.mongo import record_settings as mongo
from connectors.sql import SqlSettings
from connectors.sql import settings as sql
from connectors.toolkit.mapping import settings as mapping
from connectors.toolkit.vendor_connector import Vendor, VendorSettings
from gateway.lookups.connector_registry import build_connectors, connector_kinds
from gateway.operations import Limits
from gateway.replay.fault_settings import Fault
from gateway.settings import Settings, load_settings
from gateway.settings.own_field_settings import OwnFieldSettings
from tests.support.markdown import Block, blocks
from tests.support.paths import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
TABLES = {
    "`[sources.NAME]` of `sql`": SqlSettings,
    "`[sources.NAME.records.RECORD]` of `sql`": sql.RecordSettings,
    "`[sources.NAME.records.RECORD.keys]` of `sql`": sql.KeySettings,
    "`[sources.NAME.records.RECORD.lists.LIST]` of `sql`": sql.ListSettings,
    "`[sources.NAME]` of `mongo`": MongoSourceSettings,
    "`[sources.NAME.records.RECORD]` of `mongo`": mongo.RecordSettings,
    "`[sources.NAME.records.RECORD.fields.FIELD]` of `mongo`": mongo.FieldSettings,
    "`[sources.NAME.records.RECORD.keys.KIND]` of `mongo`": mongo.KeySettings,
    "`[sources.NAME.records.RECORD.lists.LIST]` of `mongo`": mongo.ListSettings,
    "`[sources.NAME]` of `files`": FilesSettings,
    "`[sources.NAME]` of `http`": HttpSettings,
    "`[sources.NAME.records.RECORD]` of `http`": http.RecordSettings,
    "`[sources.NAME.records.RECORD.keys.KIND]` of `http`": http.LookupSettings,
    "`[sources.NAME.records.RECORD.listing]` of `http`": http.ListingSettings,
    "`[sources.NAME.records.RECORD.lists.LIST]` of `http`": mapping.PartSettings,
    "`[sources.NAME]` of `graphql`": GraphQLSettings,
    "`[sources.NAME.records.RECORD]` of `graphql`": graphql.RecordSettings,
    "`[sources.NAME.records.RECORD.keys.KIND]` of `graphql`": graphql.LookupSettings,
    "`[sources.NAME.records.RECORD.listing]` of `graphql`": graphql.ListingSettings,
    "`[sources.NAME.records.RECORD.lists.LIST]` of `graphql`": graphql.PartSettings,
    "`[sources.NAME]` of every preset": VendorSettings,
}
"""The headings of docs/kinds.md and docs/presets.md under which a table has the settings of a class."""
PRESETS = {name: kind.settings_type for name, kind in connector_kinds().items() if issubclass(kind, Vendor)}


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The classes of settings inside a type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from models_in(inner)


def reachable(model: type[BaseModel]) -> set[type[BaseModel]]:
    """A class of settings and those inside it."""
    inner = {one for field in model.model_fields.values() for one in models_in(field.annotation)}
    return {model}.union(*map(reachable, inner))


def own_settings(model: type[BaseModel]) -> dict[str, str]:
    """The settings of one class with their defaults, as a table writes them."""
    return {field.alias or name: _default(field) for name, field in model.model_fields.items()}


def all_settings(model: type[BaseModel], prefix: str = "") -> dict[str, str]:
    """The settings of a class by their dotted names, those of classes inside in the place of what holds them."""
    found: dict[str, str] = {}
    for name, field in model.model_fields.items():
        inner = list(models_in(field.annotation))
        if not inner:
            found[prefix + name] = _default(field)
        for one in inner:
            found |= all_settings(one, f"{prefix}{name}.{'NAME.' if 'dict' in str(field.annotation) else ''}")
    return found


def _default(field: Any) -> str:
    if field.is_required():
        return "required"
    return "-" if field.default is None else f"`{json.dumps(field.default)}`"


def table_under(page: str, heading: str) -> dict[str, str]:
    """The first two cells of each row in the section of a page."""
    text = (ROOT / "docs" / page).read_text("utf-8")
    section = re.split(r"^#", text.split(f"# {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    return dict(re.findall(r"^\| `([\w.]+)` \| (\S+) \|", section, re.MULTILINE))


def test_every_setting_of_the_gateway_is_in_its_table() -> None:
    """docs/operations/settings.md has a row for each, with its default, and none for what is no setting."""
    settings = all_settings(Settings).items()
    own = {(name, default) for name, default in settings if not name.startswith(("fields.", "limits.", "callers.NAME.limits."))}
    assert table_under("operations/settings.md", "Settings").items() == own


def test_every_setting_of_a_field_of_ones_own_is_in_its_table() -> None:
    """docs/own-fields.md has a row for each, the same for all records."""
    assert table_under("own-fields.md", "Fields of your own") == own_settings(OwnFieldSettings)


@pytest.mark.parametrize("heading", TABLES)
def test_every_setting_of_a_source_is_in_its_table(heading: str) -> None:
    """Its page has a row for each, with its default, and none for what is no setting."""
    page = "presets.md" if TABLES[heading] is VendorSettings else "kinds.md"
    assert table_under(page, heading) == own_settings(TABLES[heading])


@pytest.mark.parametrize("preset", PRESETS)
def test_every_setting_of_a_preset_is_in_its_table(preset: str) -> None:
    """docs/presets.md has a row for each that is not as in every preset."""
    shared = own_settings(VendorSettings).items()
    assert (
        table_under("presets.md", f"`[sources.NAME]` of `{preset}`").items() == own_settings(PRESETS[preset]).items() - shared
    )


def test_every_setting_of_a_fault_is_in_its_table() -> None:
    """docs/replay.md has a row for each, with its default, and none for what is no setting."""
    assert table_under("replay.md", "`[[faults]]`") == own_settings(Fault)


def test_every_limit_is_in_its_table() -> None:
    """docs/operations/limits.md says what one document may ask for."""
    assert table_under("operations/limits.md", "Limits of a document") == {
        name: f"`{most}`" for name, most in asdict(Limits()).items()
    }


def test_every_class_of_settings_has_its_table() -> None:
    """A new class inside the settings of a source needs a table."""
    inner = {one for settings in PRESETS.values() for one in reachable(settings) - {settings}}
    kinds = (
        reachable(SqlSettings)
        | reachable(FilesSettings)
        | reachable(MongoSourceSettings)
        | reachable(HttpSettings)
        | reachable(GraphQLSettings)
    )
    assert kinds | {VendorSettings} | inner == set(TABLES.values())


@pytest.mark.parametrize(
    "block",
    [
        pytest.param(block, id=f"{page.relative_to(ROOT)}:{block.line}")
        for page in PAGES
        for block in blocks(page)
        if block.language == "toml" and "[sources." in block.text
    ],
)
def test_the_sources_of_an_example_can_be_built(block: Block, tmp_path: Path) -> None:
    """Every example of settings passes the checks of its connectors."""
    path = tmp_path / "gateway.toml"
    path.write_text(block.text, "utf-8")
    urls = {
        "CRM_DATABASE_URL": "sqlite+aiosqlite:///crm.db",
        "SHOP_DATABASE_URL": "sqlite+aiosqlite:///shop.db",
        "PAYMENTS_DATABASE_URL": "sqlite+aiosqlite:///payments.db",
        "ERP_DATABASE_URL": "sqlite+aiosqlite:///erp.db",
        "HELPDESK_URL": "http://127.0.0.1:1",
        "SHOP_MONGODB_URL": "mongodb://127.0.0.1:1",
        "MONGODB_URI": "mongodb://a",
    }
    settings = load_settings(path, dict.fromkeys(re.findall(r"\$\{(\w+)\}", block.text), "set" * 11) | urls)
    assert [connector.name for connector in build_connectors(settings.sources)] == list(settings.sources)
