"""Where records are while they are compared."""

from pathlib import Path

import pytest

from connectors import records as r
from gateway.identity.blocked_keys import BlockedKeys
from gateway.linkage.linkage_table import LinkageTable
from gateway.linkage.person_row import PersonRow, person_row


def test_nothing_outlives_the_command():
    """What does not fit into memory goes to a folder of this user alone, encrypted; it is deleted at the end."""
    with LinkageTable() as table:
        ((encrypted, folder),) = table.rows("SELECT current_setting('temp_file_encryption'), current_setting('temp_directory')")
        assert encrypted is True
        assert Path(folder).stat().st_mode & 0o777 == 0o700
    assert not Path(folder).exists()


NOBODY = PersonRow(*[None] * len(PersonRow._fields))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({"name": "Ana María  Núñez"}, {"given_name": "ana maria", "family_name": "nunez"}),
        ({"name": "NÚÑEZ, Ana"}, {"given_name": "ana", "family_name": "nunez"}),
        ({"name": "Cher"}, {"family_name": "cher"}),
        ({"name": "ignored", "given_name": "Li", "family_name": "O'Hara"}, {"given_name": "li", "family_name": "o hara"}),
        ({"birth_date": "1980-05-17T00:00:00Z"}, {"birth_date": "1980-05-17"}),
        ({"birth_date": "1900-01-01"}, {}),
        ({"email": "Ana@Example.com"}, {"email": "ana@example.com"}),
        ({"email": "noreply@example.com"}, {}),
        ({"phone": "020 7946 0000"}, {"phone": "+442079460000"}),
        ({"address": r.Address(line="7 Mill-Lane", postal_code="SW1A 1AA")}, {"street": "7 mill lane", "postcode": "sw1a1aa"}),
        ({"member_number": "M-17"}, {"identifier": "m17"}),
        ({"member_number": "unknown"}, {}),
    ],
)
def test_values_are_compared_without_case_accents_and_signs(words: dict[str, object], expected: dict[str, str]):
    """Placeholders are no values; a whole name is taken apart."""
    record = r.Customer(id="1", **words)
    assert person_row(record, BlockedKeys(), "GB", "member_number") == NOBODY._replace(**expected)


def test_an_identifier_may_be_an_id_at_a_system():
    """That of the system which the settings name; blocked ones are none."""
    record = r.Customer(id="1", member_number="M1", external_ids=[r.ExternalId(source="tax", id="DE 17")])
    assert person_row(record, BlockedKeys(), None, "tax").identifier == "de17"
    assert person_row(record, BlockedKeys(), None, "club").identifier is None
