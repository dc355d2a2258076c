"""Check the settings that say what words of an account mean."""

from collections.abc import Collection, Iterator, Mapping
from enum import Enum

from connectors.record_fields import leaf_field
from connectors.records import RECORDS
from connectors.suggestions import explain_choice


def word_problems(
    kind: str,
    values: Mapping[str, Mapping[str, Mapping[str, str]]],
    known: Mapping[str, Collection[str]],
    properties: Mapping[str, Mapping[str, str]],
) -> Iterator[str]:
    """List fields that a preset reads no words for, and meanings that an enum does not have.

    It reads them for those that are `known`, and for those of `properties`, by record.
    """
    for record, fields in values.items():
        own = {*known.get(record, ()), *properties.get(record, ())}
        for path, words in fields.items():
            field = leaf_field(RECORDS[record], path)
            if path not in own:
                has = ", ".join(sorted(own)) or "none"
                problem = f"{kind} reads no words of your own there; of {record} it reads those of {has}"
                yield f"values.{record}.{path}: {problem}"
            elif field is not None and field.leaf is not None and issubclass(field.leaf, Enum):
                members = field.leaf.__members__
                wrong = sorted(set(words.values()).difference(members))
                yield from (f"values.{record}.{path}: {explain_choice(word, members)}" for word in wrong)
