"""Write `gateway.toml` for what is proposed: what runs, and as comments what people must decide. No value of a row is in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from gateway.onboarding.document_settings import DocumentWriter
from gateway.onboarding.proposal import Confidence, KeyProposal, ListProposal, RecordProposal, SourceProposal
from gateway.onboarding.sql_queries import QueryWriter
from gateway.onboarding.table_graph import TableGraph
from gateway.onboarding.toml_text import toml_key, toml_value
from gateway.onboarding.value_shapes import mask_value

HEADER = """\
# Written by `profile-gateway init`, which keeps what you change here when it runs again.
# SURE has two kinds of reasons, LIKELY one. UNSURE never runs: take the `#` away where it is right.
# Numbers in a comment are how many sampled rows have that word. docs/init.md says how tables are recognised.
"""
MAX_WORDS = 12
Writer = QueryWriter | DocumentWriter


def write_settings(
    graph: TableGraph, proposal: SourceProposal, connection: Mapping[str, object], runs: Sequence[Confidence]
) -> str:
    """Write the settings of one source. `connection` are its settings beside the records, such as `url`."""
    writer: Writer = (DocumentWriter if graph.catalogue.kind == "mongo" else QueryWriter)(graph, runs)
    name = proposal.name
    lines = [HEADER, *_notes(proposal), "[tags]", 'file = "tags.yaml"', "", f"[sources.{name}]"]
    lines += [f"{toml_key(setting)} = {toml_value(value)}" for setting, value in connection.items()]
    for record in proposal.records:
        own = _record(writer, name, record)
        lines += ["", *(own if writer.does_run(record.confidence) else _commented(own))]
    return "\n".join(lines) + "\n"


def _notes(proposal: SourceProposal) -> list[str]:
    told = [*proposal.questions, *(f"A large table has no index for this: {text};" for text in proposal.missing_indexes)]
    return [*(f"# - {text}" for text in told), ""] if told else []


def _record(writer: Writer, source: str, record: RecordProposal) -> Iterable[str]:
    at = f"sources.{source}.records.{record.record}"
    told = ", ".join(own.value for own in record.evidence)
    reason = "; ".join(part for part in (told, record.note) if part)
    yield f"# {record.record}: table {record.table}. {record.confidence.value}{f' ({reason})' if reason else ''}"
    yield f"[{at}]"
    yield from writer.record_lines(record)
    yield from _unmapped(record)
    if record.leftovers:
        names = ", ".join(f"{column.name}{_shape(column.values)}" for column in record.leftovers)
        yield f"# No field of ours; declare fields of your own for what you need (docs/own-fields.md): {names}"
    yield ""
    yield f"[{at}.keys]"
    for key in record.keys:
        runs = writer.does_run(key.confidence) and _is_there(writer, record, key)
        line = f"{key.kind} = {writer.key_text(key, record)}"
        yield line if runs else f"# {line} # {key.confidence.value}{f': {key.note}' if key.note else ''}"
    for own in record.lists:
        lines = ["", f"[{at}.lists.{own.name}]", *writer.list_lines(own, record), *_unmapped(own)]
        yield from lines if writer.does_run(own.confidence) else _commented(lines)


def _is_there(writer: Writer, record: RecordProposal, key: KeyProposal) -> bool:
    """Tell whether the columns of a key are in the query: fields that do not run are not."""
    fields = [record.field(name) for name in (key.columns or (key.column,))]
    return all(field is not None and writer.does_run(field.confidence) for field in fields)


def _unmapped(own: RecordProposal | ListProposal) -> Iterable[str]:
    for field in own.fields:
        if field.unmapped:
            words = ", ".join(f"{_plain(word)} ({count})" for word, count in list(field.unmapped.items())[:MAX_WORDS])
            yield f"# {field.field}: no meaning is known for {words}"


def _plain(word: str) -> str:
    """Give a word of states as it is, and the shape alone of what may be something else."""
    is_word = len(word) <= 30 and "@" not in word and sum(map(str.isdigit, word)) < 4 and word.isprintable()
    return word if is_word else mask_value(word)


def _shape(values: Sequence[object]) -> str:
    """Show what a column holds, by the shape of one value."""
    return f" ({mask_value(values[0])})" if values else ""


def _commented(lines: Iterable[str]) -> list[str]:
    return [f"# {line}".rstrip() for text in lines for line in text.split("\n")]
