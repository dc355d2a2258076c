"""Fixtures that tests share, one plugin for each kind of server; drawn examples may take as long as they do."""

from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

from connectors import record_fields
from tests.support.case_matrix import CaseMatrix

pytest_plugins = [
    "tests.support.fixtures_mongodb",
    "tests.support.fixtures_mysql",
    "tests.support.fixtures_postgresql",
    "tests.support.fixtures_sql",
]

settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


def pytest_configure(config: pytest.Config) -> None:
    if config.option.markexpr == "cases" and not hasattr(config, "workerinput"):
        config.pluginmanager.register(CaseMatrix())


@pytest.fixture(autouse=True)
def logs_as_they_are() -> Iterator[None]:
    """Have every level logged again: a command that was run here sets the level of the process, which tests share."""
    yield
    if structlog.is_configured():
        structlog.reset_defaults()


@pytest.fixture(autouse=True)
def records_as_they_are() -> Iterator[None]:
    """Have records without fields of one's own again: these are declared for a process, which tests share."""
    yield
    if record_fields._declared:
        record_fields._declared.clear()
        for remembered in (record_fields.fields_of, record_fields.all_fields, record_fields.leaves_of):
            remembered.cache_clear()
