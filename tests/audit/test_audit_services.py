"""A worker's services have the audit of its settings, and the command `check` looks at it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import ConfigurationError
from connectors.testing import MemoryConnector
from gateway.app import create_services, opened
from gateway.revisions import close_services, open_services
from gateway.services import Services
from gateway.settings import MongoSettings, load_settings
from tests.support.audit_trails import SECRET, record
from tests.support.checked_settings import SOURCE, report_of
from tests.support.gateway_server import settings_for
from tests.support.known_people import three


def services_with(mongodb: MongoSettings | None, spool: Path, previous: Services | None = None, **words: Any) -> Services:
    connectors: Sequence[MemoryConnector] = three()
    tables: dict[str, Any] = {"audit": {"key": SECRET, "spool": str(spool), **words}}
    if mongodb is not None:
        tables["mongodb"] = mongodb.model_dump()
    return create_services(settings_for(connectors, **tables), connectors=connectors, previous=previous)


@pytest.mark.mongodb
async def test_a_reload_goes_on_with_the_chain(mongodb_settings: MongoSettings, spool: Path):
    """With other settings of the audit another one begins, and the old one ends."""
    first = services_with(mongodb_settings, spool)
    async with opened(first):
        assert first.audit is not None
        record(first.audit, "r1", first.clock)
        same = services_with(mongodb_settings, spool, first)
        assert same.audit is first.audit
        await open_services(same, first)
        other = services_with(mongodb_settings, spool, same, on_failure="warn")
        assert other.audit is not first.audit
        await open_services(other, same)
        await close_services(same, other)
        assert other.store is not None
        [chain] = await other.store.audit_links.list_chains()
        kinds = [own.link.kind async for own in other.store.audit_links.read(chain) if own.link is not None]
        assert kinds == ["begin", "entries", "end"]
        await close_services(other, first)


def test_without_mongodb_there_is_no_audit(spool: Path):
    with pytest.raises(ConfigurationError, match=r"audit: it is kept in MongoDB, and there is none"):
        services_with(None, spool)


AUDIT = f'[audit]\nkey = "{SECRET}"\nspool = "spool"\n'


async def test_check_names_what_is_wrong(tmp_path: Path):
    """MongoDB that is not configured, a short key, a spool that is not there."""
    report = await report_of(tmp_path, '[audit]\nkey = "short"\nspool = "spool"\n[mongodb]\nuri = "x"\n')
    assert any("audit.key" in str(own) and "has fewer than 32 characters" in str(own) for own in report.problems)
    report = await report_of(tmp_path, AUDIT)
    texts = [str(own) for own in report.problems]
    assert any("audit: it is kept in MongoDB, and there is none" in text for text in texts)
    assert any("audit.spool: is no folder that the gateway may write to" in text for text in texts)
    (tmp_path / "spool").mkdir()
    texts = [str(own) for own in (await report_of(tmp_path, AUDIT)).problems]
    assert not any("audit.spool" in text for text in texts)


def test_the_schema_needs_no_mongodb(tmp_path: Path):
    """Settings that are read without connections have no table of MongoDB."""
    path = tmp_path / "gateway.toml"
    path.write_text(f'{AUDIT}[mongodb]\nuri = "mongodb://${{HOST}}"\n{SOURCE.format(folder=tmp_path)}', "utf-8")
    assert load_settings(path, {}, connects=False).audit is not None
