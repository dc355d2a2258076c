"""Name countries as people write them, with their codes of ISO 3166-1."""

from collections.abc import Mapping

from gateway.onboarding.lexicon_files import read_lexicon

COUNTRY_CODES: Mapping[str, str] = {
    name.casefold(): code for code, names in read_lexicon("countries").items() for name in names
}
"""Codes by the names of countries, folded."""

ISO_CODES = frozenset(COUNTRY_CODES.values())
