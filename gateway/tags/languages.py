"""Choose what people read of tags and facts by language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec

from gateway.tags.computed_tag import FactValue
from gateway.tags.definitions import Labels, TagDefinition, TagType, TagWords
from gateway.tags.tag_values import value_texts

T = TypeVar("T")


def words_in(definition: TagDefinition, language: str | None) -> TagWords:
    """Give the words of a tag in a language. What it does not have is in the first language of the file."""
    own = match_language(definition.translations, language)
    return TagWords(
        label=(own and own.label) or definition.label,
        description=(own and own.description) or definition.description,
        words=(own and own.words) or definition.words,
        values={**definition.value_labels, **(own.values if own else {})},
    )


class ToldFact(FactValue, frozen=True):
    """A fact or a score with its labels by language."""

    labels: Labels = ()


def tell_facts(facts: Sequence[FactValue], labels: Mapping[str, Labels]) -> Sequence[FactValue]:
    """Give facts their labels by language, where they have some."""
    if not labels:
        return facts
    return [
        ToldFact(**msgspec.structs.asdict(fact), labels=labels[fact.name]) if fact.name in labels else fact for fact in facts
    ]


def fact_label(fact: FactValue, language: str | None) -> str:
    """Write the label of a fact in a language. Where there is none in it, it is that of the first one."""
    own = match_language(dict(fact.labels), language) if isinstance(fact, ToldFact) else None
    return own or fact.label


def match_language(languages: Mapping[str, T], language: str | None) -> T | None:
    """Find a language, or the one that it is a kind of: `pt` for `pt-BR`. As the lookup of RFC 4647."""
    if not languages or language is None:
        return None
    by_name = {name.lower(): value for name, value in languages.items()}
    name = language.lower()
    while name:
        if name in by_name:
            return by_name[name]
        name = name.rpartition("-")[0]
    return None


def label_of_value(definition: TagDefinition, value: str, language: str | None) -> str:
    """Write a value for people: by its label, where it has one. The texts of a list are put together."""
    labels = words_in(definition, language).values
    texts = value_texts(value) if definition.type is TagType.LIST else None
    return labels.get(value, value) if texts is None else ", ".join(labels.get(text, text) for text in texts)
