"""Read what people read of a tag, a fact or a score: each text as it is, or one for each language."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from connectors.suggestions import did_you_mean
from gateway.tags.definitions import TagType, TagWords
from gateway.tags.yaml_sections import Section

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_TRUTHS = ("true", "false")


def read_words(section: Section, type_: TagType, values: Sequence[str]) -> tuple[TagWords, Mapping[str, TagWords]]:
    """Read label, description, words and labels of values: those of the first language or of none, and all by language."""
    texts = {name: read_languages(section, name) for name in ("label", "description", "words")}
    labels = _read_value_labels(section, type_, values)
    languages = dict.fromkeys(
        language for by_language in (*texts.values(), *labels.values()) for language in by_language if language is not None
    )
    first = {name: next(iter(by_language.values()), "") for name, by_language in texts.items()}
    whole = TagWords(**first, values={value: next(iter(own.values())) for value, own in labels.items() if own})
    return whole, {
        language: TagWords(
            **{name: by_language.get(language) for name, by_language in texts.items()},
            values={value: own[language] for value, own in labels.items() if language in own},
        )
        for language in languages
    }


def read_languages(section: Section, name: str) -> dict[str | None, str]:
    """Read a required text by its languages. One without is that of None."""
    if not section.is_mapping(name):
        text = section.text(name)
        return {None: text} if text else {}
    inner = section.section(name)
    texts: dict[str | None, str] = {}
    for language in inner or ():
        assert inner is not None
        if not _LANGUAGE.fullmatch(language):
            inner.report(language, "is no language; write its code, such as en, zh or pt-BR")
        if text := inner.text(language):
            texts[language] = text
    if inner is not None and not list(inner):
        section.report(name, "must have a text for at least one language, such as {en: ...}")
    return texts


def _read_value_labels(section: Section, type_: TagType, values: Sequence[str]) -> dict[str, dict[str | None, str]]:
    labels = section.section("value_labels")
    known = _TRUTHS if type_ is TagType.BOOLEAN else values
    read: dict[str, dict[str | None, str]] = {}
    for value in labels or ():
        assert labels is not None
        if known and value not in known:
            where = "'true' and 'false'" if type_ is TagType.BOOLEAN else "'values'"
            labels.report(value, f"is not in {where}{did_you_mean(value, known)}")
        read[value] = read_languages(labels, value)
    return read


def read_label(section: Section) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Read the label of a fact or a score: that of the first language or of none, and all by language."""
    texts = read_languages(section, "label")
    return next(iter(texts.values()), ""), tuple((language, text) for language, text in texts.items() if language is not None)


def first_label(section: Section) -> str:
    """Read the label in the first language of a tag, a fact or a score."""
    return next(iter(read_languages(section, "label").values()), "")
