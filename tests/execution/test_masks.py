"""What masks leave of a text."""

import pytest

from connectors.records import Personal
from gateway.execution.masks import mask_of


@pytest.mark.parametrize(
    ("mark", "text", "left"),
    [
        (Personal.EMAIL, "ana@example.com", "a***@example.com"),
        (Personal.EMAIL, "a@example.com", "***"),
        (Personal.EMAIL, "ana@y.de (mobil +49 151 1234567)", "***"),
        (Personal.EMAIL, "ana@y.de, Hauptstr. 5", "***"),
        (Personal.EMAIL, "@anaschmidt", "***"),
        (Personal.EMAIL, "", "***"),
        (Personal.PHONE, "+5511912345678", "***78"),
        (Personal.PHONE, "12345", "***"),
        (Personal.PHONE, "+49 151 12345678 Ana", "***"),
        (Personal.CONTACT, "ana.work@example.org", "a***@example.org"),
        (Personal.CONTACT, "+5511912345678", "***78"),
        (Personal.NAME, "Ana Souza", "A***"),
        (Personal.NAME, "李明", "***"),
        (Personal.NAME, "Ana", "***"),
        (Personal.ADDRESS, "Hauptstr. 5", "***"),
        (Personal.BIRTH_DATE, "1985-03-12", "***"),
        (None, "gold", "***"),
    ],
)
def test_what_is_left_tells_nobody_who_it_is(mark: Personal | None, text: str, left: str):
    """Of what is not what it should be, nothing is left."""
    assert mask_of("" if mark is None else mark.name)(text) == left
