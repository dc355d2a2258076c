"""What is wrong with a TOML file is said in the same words, whichever file it is."""

import pytest

from connectors.errors import ConfigurationError
from gateway.replay.fault_settings import load_faults
from gateway.settings import load_settings
from tests.support import shop

SETTINGS = "deadline_ms = {}\n[sources.crm]\nkind = 'sql'\n"
FAULTS = "seed = {}\n[[faults]]\nsource = 'orders'\nhang = true\n"
READERS = {
    "gateway.toml": (lambda path: load_settings(path, {}), "--config", SETTINGS),
    "faults.toml": (lambda path: load_faults(path, [shop.orders()]), "--faults", FAULTS),
}
"""How each file is read, the option that names it, and a text with room for a whole number."""

files = pytest.mark.parametrize("name", READERS)


def problems_of(path):
    with pytest.raises(ConfigurationError) as raised:
        READERS[path.name][0](path)
    return raised.value.problems


@files
def test_a_good_file_is_read(tmp_path, name):
    """So that what the others find wrong is what they put there."""
    read, _, text = READERS[name]
    (tmp_path / name).write_text(text.format(70), encoding="utf-8")
    assert 70 in vars(read(tmp_path / name)).values()


@files
def test_a_file_that_is_not_there_is_named_with_its_folder_and_option(tmp_path, name):
    """The folder, for a relative path is looked for where the command was started."""
    option = READERS[name][1]
    assert problems_of(tmp_path / name) == (f"{name}: there is no such file in {tmp_path}; name one with {option}",)


@files
def test_a_folder_is_no_file(tmp_path, name):
    """What the system says of it is said."""
    (tmp_path / name).mkdir()
    option = READERS[name][1]
    assert problems_of(tmp_path / name) == (f"{name}: cannot be read (Is a directory); name a readable file with {option}",)


@files
def test_a_text_that_is_no_toml_is_named_with_its_place(tmp_path, name):
    """And so are bytes that are no text."""
    (tmp_path / name).write_bytes(b"a = 1\nb = ")
    assert problems_of(tmp_path / name) == (f"{name}: is not TOML: Invalid value (at end of document); correct it there",)
    (tmp_path / name).write_bytes(b"a = '\xff'")
    assert problems_of(tmp_path / name) == (f"{name}: is not UTF-8; save it so",)


@files
def test_wrong_settings_are_named_all_at_once_without_their_values(tmp_path, name):
    """An unknown one and one of another type, whose value may be a secret."""
    (tmp_path / name).write_text("sede = 1\n" + READERS[name][2].format("'s3cret'"), encoding="utf-8")
    number = READERS[name][2].split()[0]
    fix = {"gateway.toml": "remove it, or correct its name", "faults.toml": "did you mean 'seed'?"}[name]
    assert sorted(problems_of(tmp_path / name)) == sorted(
        (f"{name}: {number}: must be a whole number; write it in digits, without quotes", f"{name}: sede: is no setting; {fix}")
    )


@files
def test_what_is_missing_is_named(tmp_path, name):
    """The setting without which the file says nothing."""
    (tmp_path / name).write_text("", encoding="utf-8")
    needed = {"gateway.toml": "sources", "faults.toml": "faults"}[name]
    assert problems_of(tmp_path / name) == (f"{name}: {needed}: is missing; add it",)
