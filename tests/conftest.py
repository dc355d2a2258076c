"""Fixtures that tests share, one plugin for each kind of server; drawn examples may take as long as they do."""

import pytest
from hypothesis import HealthCheck, settings

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
