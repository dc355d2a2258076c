"""Write the queries of proposed records, in the SQL of each database. What is unsure is a comment in them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from connectors.catalogue import ColumnKind
from gateway.onboarding.lexicon_files import read_lexicon
from gateway.onboarding.proposal import (
    Confidence,
    FieldProposal,
    FilterProposal,
    ListProposal,
    ReachedColumn,
    RecordProposal,
    TableJoin,
    ValueForm,
)
from gateway.onboarding.table_graph import TableGraph
from gateway.onboarding.value_shapes import decimal_places

_RESERVED = frozenset(read_lexicon("sql")["reserved"])
_PLAIN_ALIASES = frozenset(("name", "kind", "type", "position", "parent", "value", "start", "session"))


class QueryWriter:
    """Write queries for one database. `runs` are the confidences of what runs; all else is a comment."""

    def __init__(self, graph: TableGraph, runs: Sequence[Confidence]) -> None:
        self._graph = graph
        self._dialect = graph.catalogue.dialect
        self._runs = frozenset(runs)

    def record_query(self, record: RecordProposal) -> str:
        """Write the query of a record."""
        lines = self._columns(record.table, record.fields, record)
        return "\n".join([*lines, *self._from(record.table, self._running(record.fields)), *self._where(record)])

    def list_query(self, own: ListProposal, record: RecordProposal) -> str:
        """Write the query of a list: whose each item is, then its fields."""
        is_joined = bool(self._joins(self._running(own.fields)))
        head = f"{self._column_name(own.parent, is_joined)} AS parent"
        lines = self._columns(own.table, own.fields, record, head)
        return "\n".join([*lines, *self._from(own.table, self._running(own.fields))])

    def does_run(self, confidence: Confidence) -> bool:
        """Tell whether what is so certain runs."""
        return confidence in self._runs

    def quote(self, name: str) -> str:
        """Quote a name where it needs quotes."""
        if re.fullmatch(r"[a-z_][a-z0-9_]*", name) and name not in _RESERVED:
            return name
        mark = "`" if self._dialect == "mysql" else '"'
        return f"{mark}{name.replace(mark, mark * 2)}{mark}"

    def _running(self, fields: Sequence[FieldProposal]) -> list[FieldProposal]:
        return [field for field in fields if field.confidence in self._runs]

    def _columns(
        self, table: str, fields: Sequence[FieldProposal], record: RecordProposal, first: str | None = None
    ) -> list[str]:
        lines: list[str] = []
        is_joined = bool(self._joins(self._running(fields)))
        if first is not None:
            lines.append(f"SELECT {first}")
        for field in fields:
            if field.confidence not in self._runs:
                continue
            expression, alias = self._expression(table, field, record, is_joined), self._alias(field.field)
            text = expression if expression == alias else f"{expression} AS {alias}"
            head = "     , " if lines else "SELECT "
            lines.append(f"{head}{text} -- {self._reason(field)}")
        for field in fields:
            if field.confidence not in self._runs:
                text = f"{self._expression(table, field, record, is_joined)} AS {self._alias(field.field)}"
                lines.append(f"    -- , {text} -- {self._reason(field)}")
        return lines

    def _reason(self, field: FieldProposal) -> str:
        told = ", ".join(own.value for own in field.evidence)
        return f"{field.confidence.value}: {'; '.join(part for part in (told, field.note) if part)}".rstrip(": ")

    def _joins(self, fields: Sequence[FieldProposal]) -> dict[tuple[TableJoin, ...], str]:
        """Name the tables that fields are in, each by the way to it."""
        ways: dict[tuple[TableJoin, ...], str] = {}
        for field in fields:
            joins = field.reached.joins if field.reached is not None else ()
            for end in range(1, len(joins) + 1):
                ways.setdefault(joins[:end], f"t{len(ways) + 1}")
        return ways

    def _from(self, table: str, fields: Sequence[FieldProposal]) -> list[str]:
        ways = self._joins(fields)
        quoted = self._graph.table(table).quoted
        if not ways:
            return [f"FROM {quoted}"]
        lines = [f"FROM {quoted} AS t"]
        for way, alias in ways.items():
            last = way[-1]
            before = ways.get(way[:-1], "t")
            left, right = f"{alias}.{self.quote(last.target_column)}", f"{before}.{self.quote(last.column)}"
            lines.append(f"LEFT JOIN {self._graph.table(last.table).quoted} AS {alias} ON {left} = {right}")
        return lines

    def _where(self, record: RecordProposal) -> list[str]:
        is_joined = bool(self._joins(self._running(record.fields)))
        lines: list[str] = []
        for own in record.filters:
            runs = own.confidence in self._runs
            word = "AND" if any(not line.lstrip().startswith("--") for line in lines) else "WHERE"
            text = f"{word} {self._condition(record.table, own, is_joined)} -- {own.confidence.value}: {own.note}"
            lines.append(text if runs else f"-- {text}")
        return lines

    def _condition(self, table: str, own: FilterProposal, is_joined: bool) -> str:
        column = self._column_name(own.column, is_joined)
        if own.test == "null":
            return f"{column} IS NULL"
        if own.test == "last" and own.of is not None:
            return self._is_last(table, own.column, own.of, is_joined)
        if own.test == "words":
            return f"{column} IN ({', '.join(map(self._literal, own.words))})"
        if own.test == "same":
            return f"{column} = '...'"
        found = self._graph.table(table).column(own.column)
        if found is not None and found.kind is ColumnKind.BOOLEAN and self._dialect in ("postgresql", "duckdb", "mysql"):
            return f"coalesce({column}, false) = false"
        kind = "char" if self._dialect == "mysql" else "text"
        return f"lower(coalesce(CAST({column} AS {kind}), '0')) IN ('0', 'f', 'false', 'n', 'no')"

    def _is_last(self, table: str, column: str, of: str, is_joined: bool) -> str:
        """Write that no row of the same value is behind this one. An index of that value serves it."""
        quoted = self._graph.table(table).quoted
        at, column, of = "t" if is_joined else quoted, self.quote(column), self.quote(of)
        same = f"other.{of} = {at}.{of} AND other.{column} > {at}.{column}"
        return f"NOT EXISTS (SELECT 1 FROM {quoted} AS other WHERE {same})"  # noqa: S608  names that were read

    def _column_name(self, column: str, is_joined: bool) -> str:
        return f"t.{self.quote(column)}" if is_joined else self.quote(column)

    def _outer_name(self, record: RecordProposal, column: str, is_joined: bool) -> str:
        """Write a record's own column inside a subquery, whose tables may have a column of that name."""
        return f"{'t' if is_joined else self._graph.table(record.table).quoted}.{self.quote(column)}"

    def _alias(self, field: str) -> str:
        return field if field in _PLAIN_ALIASES else self.quote(field)

    def _expression(self, table: str, field: FieldProposal, record: RecordProposal, is_joined: bool) -> str:
        if field.form is ValueForm.CONSTANT:
            return self._literal(field.constant or "")
        if field.form is ValueForm.JOINED:
            return self._joined_name(record, is_joined)
        if field.form is ValueForm.ITEM_SUM:
            return self._item_sum(record, is_joined)
        if field.form is ValueForm.PAYMENT_SUM:
            return self._payment_sum(record, is_joined)
        assert field.reached is not None
        base = self._reached(field.reached, record, is_joined, table)
        if field.form is ValueForm.LOWER:
            return f"lower({base})"
        if field.form is ValueForm.CENTS:
            return self._hundredths(base)
        if field.form is ValueForm.WORDS:
            return self._case(base, field)
        return base

    def _reached(self, reached: ReachedColumn, record: RecordProposal, is_joined: bool, table: str) -> str:
        if not reached.joins:
            return self._column_name(reached.column.name, is_joined)
        ways = self._joins(self._running(record.fields if table == record.table else self._list_fields(record, table)))
        alias = ways.get(reached.joins)
        return f"{alias or reached.joins[-1].table}.{self.quote(reached.column.name)}"

    def _list_fields(self, record: RecordProposal, table: str) -> Sequence[FieldProposal]:
        return next((own.fields for own in record.lists if own.table == table), ())

    def _hundredths(self, base: str) -> str:
        if self._dialect == "duckdb":
            return f"CAST(CAST({base} AS DECIMAL(18, 2)) / 100 AS DECIMAL(18, 2))"
        return f"round({base} / 100.0, 2)"

    def _case(self, base: str, field: FieldProposal) -> str:
        changed = {word: own for word, own in field.words.items() if word.upper() != own}
        if not changed:
            return base
        changed = dict(field.words) if field.field == "address_country" else changed
        type_name = "" if field.reached is None else field.reached.column.type_name.upper()
        if self._dialect == "postgresql" and not type_name.startswith(("VARCHAR", "TEXT")):
            base = f"CAST({base} AS text)"
        cases = "".join(f" WHEN {self._literal(word)} THEN '{own}'" for word, own in changed.items())
        rest = "" if field.field == "address_country" else f" ELSE {base}"  # another word is no code, and read as none
        return f"CASE {base}{cases}{rest} END"

    def _joined_name(self, record: RecordProposal, is_joined: bool) -> str:
        parts = []
        for name in ("given_name", "family_name"):
            field = record.field(name)
            assert field is not None
            assert field.reached is not None
            parts.append(f"coalesce({self._reached(field.reached, record, is_joined, record.table)}, '')")
        if self._dialect == "mysql":
            return f"trim(concat({parts[0]}, ' ', {parts[1]}))"
        return f"trim({parts[0]} || ' ' || {parts[1]})"

    def _item_sum(self, record: RecordProposal, is_joined: bool) -> str:
        items = next(own for own in record.lists if own.name == "items")
        names = {field.field: self.quote(field.reached.column.name) for field in items.fields if field.reached}
        own_id = record.fields[0].reached
        assert own_id is not None
        id_ = self._outer_name(record, own_id.column.name, is_joined)
        product = f"i.{names['quantity']} * i.{names['unit_price_amount']}"
        table = self._graph.table(items.table).quoted
        return f"(SELECT sum({product}) FROM {table} AS i WHERE i.{self.quote(items.parent)} = {id_})"  # noqa: S608  names that were read

    def _payment_sum(self, record: RecordProposal, is_joined: bool) -> str:
        """Write the sum of an order's payments, as exact numbers where they are text."""
        payments = next(own for own in record.lists if own.name == "payments")
        amount = next(field.reached.column for field in payments.fields if field.field == "amount_amount" and field.reached)
        own_id = record.fields[0].reached
        assert own_id is not None
        name = f"p.{self.quote(amount.name)}"
        if amount.kind is ColumnKind.TEXT:
            name = f"CAST({name} AS DECIMAL(18, {max(2, decimal_places(amount.values))}))"
        table, id_ = self._graph.table(payments.table).quoted, self._outer_name(record, own_id.column.name, is_joined)
        return f"(SELECT sum({name}) FROM {table} AS p WHERE p.{self.quote(payments.parent)} = {id_})"  # noqa: S608  names that were read

    def _literal(self, text: str) -> str:
        escaped = text.replace("'", "''")
        return "'" + (escaped.replace("\\", "\\\\") if self._dialect == "mysql" else escaped) + "'"
