"""Prints, for `pytest -m cases`, how many inputs of each kind of fault are tried on each kind of source."""

from collections import Counter
from typing import Any

import pytest

FAULTS = {
    "one value costs itself": (
        *("test_unreadable", "odd_values", "odd_places", "odd_answers", "_answers"),
        *("test_validation_of_records", "mongo_values", "test_replay"),
    ),
    "forms of values": ("value_forms", "test_scalars", "texts_and_times", "exact_amounts"),
    "damaged text": ("damaged_json",),
    "lists and their ends": ("page_ends", "http_pages", "random_sources", "cursor_order", "test_merging", "http_lookups"),
    "figures": ("test_figures", "stale_facts", "amounts", "measure", "tag_"),
    "keys": ("keys", "key_spellings", "shared_records"),
    "ids": ("node_ids", "apollo_cache"),
    "batches and passing faults": ("batches", "passing_faults", "test_page_walks"),
    "statements": ("sql_statements", "sql_names", "test_files"),
    "an account's own words and records": ("vendors/",),
}
"""Kinds of fault by parts of the names of their test files; the first that fits counts."""

SOURCES = ("sqlite", "postgresql", "mysql", "files", "http", "graphql", "mongo")
PRESETS = ("hubspot", "stripe", "shopify", "zendesk", "salesforce", "segment", "posthog")
OTHER = "core, edge"


def fault_of(test: str) -> str:
    """The kind of fault that a test is about, by the name of its file."""
    file = test.partition("::")[0]
    return next((fault for fault, parts in FAULTS.items() if any(part in file for part in parts)), "core, edge and load")


def source_of(test: str) -> str:
    """The kind of source that a test asks, by its name and its parameters."""
    name = test.replace("duckdb", "files").replace("mariadb", "mysql")
    parameters = name.partition("[")[2]
    named = [source for source in (*SOURCES, *PRESETS) if source in parameters] or [
        source for source in (*SOURCES, *PRESETS) if source in name
    ]
    return named[0] if named else "sql" if "sql" in name else OTHER


class CaseMatrix:
    """Counts the tests that passed, by kind of fault and kind of source."""

    def __init__(self) -> None:
        self.passed: Counter[tuple[str, str]] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            self.passed[fault_of(report.nodeid), source_of(report.nodeid)] += 1

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        terminalreporter.section("inputs by kind of fault and kind of source")
        for line in self.lines():
            terminalreporter.write_line(line)

    def lines(self) -> list[str]:
        """The table, one kind of source a column where it has any."""
        sources = [one for one in (*SOURCES, "sql", *PRESETS, OTHER) if any(source == one for _, source in self.passed)]
        faults = [*FAULTS, "core, edge and load"]
        widths = [max(len(source), 4) for source in sources]
        head = " ".join(source.rjust(width) for source, width in zip(sources, widths, strict=True))
        lines = [f"{'':36}{head}"]
        for fault in faults:
            counts = (str(self.passed[fault, source] or "-") for source in sources)
            lines.append(f"{fault:36}" + " ".join(count.rjust(width) for count, width in zip(counts, widths, strict=True)))
        return lines
