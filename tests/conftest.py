"""Fixtures that tests share, one plugin for each kind of server."""

pytest_plugins = ["tests.fixtures_mongodb", "tests.fixtures_mysql", "tests.fixtures_postgresql", "tests.fixtures_sql"]
