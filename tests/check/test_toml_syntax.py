"""Lines and columns in TOML files, and files with errors of syntax."""

import pytest

from connectors.errors import ConfigurationError
from gateway.check.settings_file import TomlFile
from gateway.check.toml_positions import TextPosition, TomlPositions
from gateway.check.toml_syntax import read_toml_text
from gateway.settings.toml_files import read_toml

TEXT = '''deadline_ms = 5
[sources.crm.records.order]
query = """
  SELECT id,
    emial
  FROM orders
"""
plain = 'SELECT x'
escaped = "SELECT \\"é\\" x"
filled = "SELECT ${COLUMN} x"
keys.email = "x"
fields = { "total.amount" = [1, "z"], "é" = 2, last = 3 }
[sources.crm]
kind = "sql"
[[faults]]
share = 1
[[faults]]
share = 2
[faults.inner]
deep = 3
'''
ORDER = ("sources", "crm", "records", "order")


def read(text: str):
    return read_toml_text(text, TomlPositions(text))


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("deadline_ms",), (1, 1)),
        (ORDER, (2, 1)),
        (("sources", "crm"), (13, 1)),
        (("sources", "crm", "url"), (13, 1)),
        ((*ORDER, "query"), (3, 1)),
        ((*ORDER, "keys", "email"), (11, 1)),
        ((*ORDER, "fields", "total.amount", 1), (12, 33)),
        ((*ORDER, "fields", "é"), (12, 39)),
        ((*ORDER, "fields", "last"), (12, 48)),
        (("faults", 1, "share"), (18, 1)),
        (("faults", 1, "inner", "deep"), (20, 1)),
        (("nothing",), (1, None)),
    ],
)
def test_a_setting_is_found(path, place):
    """One that is missing is found by the table that it should be in. Columns count characters."""
    assert TomlPositions(TEXT).find(path) == TextPosition(*place)


@pytest.mark.parametrize(
    ("name", "within", "place"),
    [
        ("query", (1, 1), (4, 3)),
        ("query", (2, 5), (5, 5)),
        ("plain", (1, 8), (8, 17)),
        ("escaped", (1, 9), (9, 12)),
        ("filled", (1, 18), (10, None)),
    ],
)
def test_a_place_in_a_text_is_found(name, within, place):
    """Where the column cannot be told because of a variable, the line; where escapes move all, the begin of the text."""
    assert TomlPositions(TEXT).find_in_text((*ORDER, name), *within) == TextPosition(*place)


def test_a_good_file_has_no_errors():
    """And all that it holds."""
    found = read("[a]\nb = 1\n")
    assert (found.document, found.problems, found.unset) == ({"a": {"b": 1}}, [], [])


def test_errors_in_several_lines_are_found_at_once():
    """The rest of the file is read, and the settings that have an error are not known."""
    found = read('a = 1\nbad =\n[t]\nk = "open\nw = 12x\ngood = 3\nfree text\n')
    assert [problem.position.line for problem in found.problems] == [2, 4, 5, 7]
    assert found.document == {"a": 1, "t": {"good": 3}}
    assert found.unset == [("bad",), ("t", "k"), ("t", "w"), ("t",)]


def test_a_line_without_a_setting_hides_nothing_of_the_others():
    """At the top of the file, where nothing can be missing because of it."""
    found = read("free text\na = 1\n")
    assert (found.document, found.unset) == ({"a": 1}, [])
    assert [problem.position.line for problem in found.problems] == [1]


def test_a_setting_that_stands_twice_is_told_at_the_second_one():
    """However many lines it has; the first one counts."""
    found = read("a = 1\na = '''\nx\n'''\nb = 2\n")
    assert found.problems == [(TextPosition(2), "Cannot overwrite a value")]
    assert found.document == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[a]\n[a]\n", "Cannot declare a twice"),
        ('[a."b c"]\n[a."b c"]\n', "Cannot declare a.b c twice"),
        ("a = []\n[[a]]\n", "Cannot mutate immutable namespace a"),
        ("a = {b = 1, b = 2}\n", "Duplicate inline table key 'b'"),
    ],
)
def test_a_table_that_stands_twice_is_named_as_settings_name_it(text, message, tmp_path):
    """By `check`, and by whatever else reads the file."""
    assert read(text).problems[0].message == message
    path = tmp_path / "gateway.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as raised:
        read_toml(path, "--config")
    assert raised.value.problems[0].startswith(f"gateway.toml: is not TOML: {message} (at line ")


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a = 1\n[open\nb =\n", [2, 3]),
        ("a = [1, 2\nb = 2\n", [1]),
        ("q = '''\n[x]\ny = 1\n", [1]),
        ("[a]\nx = 1\n[a]\nx = 2\n", [3]),
    ],
)
def test_where_tables_cannot_be_told_nothing_more_is_said(text, lines):
    """What belongs where is not known then, and so no mistake is found where there is none."""
    found = read(text)
    assert [problem.position.line for problem in found.problems] == lines
    assert found.document is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a = " + "1" * 5_000, "has a number or a time that is too large; write a smaller one"),
        ("a = " + "[" * 5_000, "is nested too deeply; write what is in it flatter"),
        ("a = " + "{a = " * 400 + "1" + "}" * 400, "is nested too deeply; write what is in it flatter"),
        (".".join("a" * 3_000) + " = 1", "is nested too deeply; write what is in it flatter"),
        ("[" + ".".join("a" * 101) + "]", "is nested too deeply; write what is in it flatter"),
    ],
    ids=["number", "lists", "tables", "key", "header"],
)
def test_what_no_reader_takes_is_a_problem_of_the_file(text, problem, tmp_path):
    """For `check` and for `serve` alike."""
    path = tmp_path / "gateway.toml"
    path.write_text(text)
    for reader in (read_toml, TomlFile):
        with pytest.raises(ConfigurationError) as raised:
            reader(path, "--config")
        assert raised.value.problems == (f"gateway.toml: {problem}",)
