"""Write `gateway.toml` for what is proposed: what runs, and as comments what people must decide. No value of a row is in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from gateway.onboarding.document_settings import DocumentWriter
from gateway.onboarding.proposal import Confidence, KeyProposal, ListProposal, RecordProposal, SourceProposal
from gateway.onboarding.sql_queries import QueryWriter
from gateway.onboarding.table_graph import TableGraph
from gateway.onboarding.value_shapes import mask_value

HEADER = """\
# Written by `profile-gateway init`, which keeps what you change here when it runs again.
# SURE has two kinds of reasons, LIKELY one. UNSURE never runs: take the `#` away where it is right.
# Numbers in a comment are how many sampled rows have that word. docs/init.md says how tables are recognised.
"""
MAX_WORDS = 12


def write_settings(
    graph: TableGraph, proposal: SourceProposal, connection: Mapping[str, object], runs: Sequence[Confidence]
) -> str:
    """Write the settings of one source. `connection` are its settings beside the records, such as `url`."""
    writer = QueryWriter(graph, runs)
    name = proposal.name
    lines = [HEADER, *_notes(proposal), "[tags]", 'file = "tags.yaml"', "", f"[sources.{name}]"]
    lines += [f"{setting} = {_value(value)}" for setting, value in connection.items()]
    for record in proposal.records:
        own, does_run = _record(writer, name, record), writer.does_run(record.confidence)
        if graph.catalogue.kind == "mongo":
            own, does_run = _document_record(DocumentWriter(graph, runs), name, record, does_run=does_run)
        lines += ["", *(own if does_run else _commented(own))]
    return "\n".join(lines) + "\n"


def _notes(proposal: SourceProposal) -> list[str]:
    told = [*proposal.questions, *(f"A large table has no index for this: {text};" for text in proposal.missing_indexes)]
    return [*(f"# - {text}" for text in told), ""] if told else []


def _record(writer: QueryWriter, source: str, record: RecordProposal) -> Iterable[str]:
    at = f"sources.{source}.records.{record.record}"
    yield _heading(record)
    yield f"[{at}]"
    yield from _query(writer.record_query(record))
    yield from _unmapped(record)
    yield from _leftovers(record)
    yield ""
    yield f"[{at}.keys]"
    for key in record.keys:
        runs = writer.does_run(key.confidence) and _is_there(writer, record, key)
        line = f"{key.kind} = {_key(key)}"
        yield line if runs else f"# {line} # {key.confidence.value}{f': {key.note}' if key.note else ''}"
    for own in record.lists:
        lines = ["", f"[{at}.lists.{own.name}]", *_query(writer.list_query(own, record)), *_unmapped(own)]
        yield from lines if writer.does_run(own.confidence) else _commented(lines)


def _heading(record: RecordProposal) -> str:
    told = ", ".join(own.value for own in record.evidence)
    reason = "; ".join(part for part in (told, record.note) if part)
    return f"# {record.record}: table {record.table}. {record.confidence.value}{f' ({reason})' if reason else ''}"


def _leftovers(record: RecordProposal) -> Iterable[str]:
    if record.leftovers:
        names = ", ".join(f"{column.name}{_shape(column.values)}" for column in record.leftovers)
        yield f"# No field of ours; declare fields of your own for what you need (docs/own-fields.md): {names}"


def _document_record(
    writer: DocumentWriter, source: str, record: RecordProposal, *, does_run: bool
) -> tuple[Iterable[str], bool]:
    """Write a record of documents. One that cannot be read as it is does not run."""
    obstacle = writer.why_not(record)
    lines = [_heading(record), *([f"# {obstacle}"] if obstacle else [])]
    lines += writer.record_lines(f"sources.{source}.records.{record.record}", record)
    return [*lines, *_unmapped(record), *_leftovers(record)], does_run and obstacle is None


def _is_there(writer: QueryWriter, record: RecordProposal, key: KeyProposal) -> bool:
    """Tell whether the columns of a key are in the query: fields that do not run are not."""
    fields = [record.field(name) for name in (key.columns or (key.column,))]
    return all(field is not None and writer.does_run(field.confidence) for field in fields)


def _key(key: KeyProposal) -> str:
    if key.columns:
        return f"{{ columns = {_value(list(key.columns))} }}"
    if key.type == "text":
        return _value(key.column)
    return f"{{ column = {_value(key.column)}, type = {_value(key.type)} }}"


def _query(query: str) -> list[str]:
    return [f'query = """\n{_escaped(query)}\n"""']


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"""', '""\\"')


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


def _value(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{name} = {_value(own)}' for name, own in value.items())} }}"
    if isinstance(value, bool | int):
        return str(value).lower()
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
