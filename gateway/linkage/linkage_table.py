"""Hold all listed records in DuckDB while they are compared: in memory up to a limit, beyond it in encrypted files.

Nothing of it outlives the command.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from connectors.errors import ConfigurationError
from gateway.identity.records import Key, RecordId
from gateway.linkage.comparisons import BLOCKS
from gateway.linkage.person_row import PersonRow

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MAX_MEMORY = "2GB"
"""What DuckDB takes before it writes to files."""

MAX_BLOCK = 100
"""Records that have a block in common are compared pair by pair; a block of more says too little."""

ROWS = 10_000
"""How many records are written at a time."""

_TABLES = (
    f"CREATE TABLE listed (number BIGINT, {', '.join(f'{name} VARCHAR' for name in ('source', 'id', *PersonRow._fields))})",
    "CREATE TABLE listed_keys (number BIGINT, kind VARCHAR, value VARCHAR, links BOOLEAN)",
)

_LAST = "SELECT max(number) AS listed, row_number() OVER (ORDER BY source, id) AS number FROM listed GROUP BY source, id"
"""Number the records by source and id. One that was listed twice counts as it was listed last."""


class ListedRecord(NamedTuple):
    """A record as it is compared, and its keys: those in `linking` link it, the others find it."""

    id: RecordId
    row: PersonRow
    linking: frozenset[Key]
    finding: frozenset[Key] = frozenset()


class LinkageTable:
    """The listed records and their keys. Fill it with `add`, then `seal` it; it is empty once it is closed."""

    def __init__(self) -> None:
        import_splink()
        import duckdb

        self._folder = tempfile.TemporaryDirectory(prefix="profile-gateway-")
        # One thread, for sums of fractions depend on their order.
        self.connection: DuckDBPyConnection = duckdb.connect(
            config={
                "memory_limit": MAX_MEMORY,
                "temp_directory": self._folder.name,
                "temp_file_encryption": True,
                "threads": 1,
                "autoinstall_known_extensions": False,
            }
        )
        self.count = 0
        self._waiting: list[ListedRecord] = []
        for statement in _TABLES:
            self.connection.execute(statement)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.connection.close()
        self._folder.cleanup()

    def add(self, records: Iterable[ListedRecord]) -> None:
        """Add records."""
        for record in records:
            self._waiting.append(record)
            if len(self._waiting) >= ROWS:
                self._write()

    def seal(self) -> int:
        """Number the records that were added, and drop what was listed twice. Gives their count."""
        self._write()
        rows = ", ".join(f"listed.{name}" for name in ("source", "id", *PersonRow._fields))
        self.connection.execute(
            f"""
            CREATE TEMP TABLE numbers AS {_LAST};
            CREATE TABLE records AS SELECT numbers.number, {rows} FROM listed JOIN numbers ON listed.number = numbers.listed
            ORDER BY numbers.number;
            CREATE TABLE keys AS SELECT DISTINCT numbers.number, kind, value, links
            FROM listed_keys JOIN numbers ON listed_keys.number = numbers.listed;
            DROP TABLE listed;
            DROP TABLE listed_keys;
            """
        )
        self.count = self.count_rows("records")
        return self.count

    def count_rows(self, table: str, condition: str = "true") -> int:
        """Count the rows of a table."""
        ((count,),) = self.connection.execute(f"SELECT count(*) FROM {table} WHERE {condition}").fetchall()
        return int(count)

    def ids(self) -> Iterator[RecordId]:
        """Give the ids of all records, by source and id."""
        return (RecordId(source, id_) for source, id_ in self.rows("SELECT source, id FROM records ORDER BY number"))

    def rows(self, statement: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """Read the rows of a query, some at a time."""
        cursor = self.connection.cursor().execute(statement, values)
        while rows := cursor.fetchmany(ROWS):
            yield from rows

    def write(self, name: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
        """Write rows as a new table. Columns whose first value is a number are numbers."""
        types = ["BIGINT" if rows and isinstance(value, int) else "VARCHAR" for value in (rows[0] if rows else columns)]
        own = ", ".join(f"{column} {type_}" for column, type_ in zip(columns, types, strict=True))
        self.connection.execute(f"CREATE TABLE {name} ({own})")
        self._insert(name, columns, rows)

    def write_people(self) -> None:
        """Write the table of people to compare: all records, their component, and the blocks that they are in."""
        blocks = ", ".join(_block(name, expression) for name, expression in BLOCKS.items())
        self.connection.execute(
            f"""
            CREATE TABLE people AS
            SELECT records.*, given_name || ' ' || family_name AS full_name, members.component, {blocks}
            FROM records JOIN members USING (number) ORDER BY number
            """
        )

    def _write(self) -> None:
        start = self.count
        self.count += len(self._waiting)
        numbered = [*enumerate(self._waiting, start)]
        rows = [(number, *record.id, *record.row) for number, record in numbered]
        keys = [
            (number, kind.value, value, links)
            for number, record in numbered
            for links, own in ((True, record.linking), (False, record.finding - record.linking))
            for kind, value in own
        ]
        self._waiting = []
        self._insert("listed", ("number", "source", "id", *PersonRow._fields), rows)
        self._insert("listed_keys", ("number", "kind", "value", "links"), keys)

    def _insert(self, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
        import pyarrow as pa

        for start in range(0, len(rows), ROWS):
            part = zip(*rows[start : start + ROWS], strict=True)
            self.connection.register("inserted", pa.table(dict(zip(columns, map(list, part), strict=True))))
            self.connection.execute(f"INSERT INTO {table} BY NAME FROM inserted")
            self.connection.unregister("inserted")


def _block(name: str, expression: str) -> str:
    """Write the column of a block: a hash of its expression; NULL where too many records have it."""
    is_small = f"count(*) OVER (PARTITION BY {expression}) <= {MAX_BLOCK}"
    return f"CASE WHEN ({expression}) IS NOT NULL AND {is_small} THEN hash({expression}) END AS block_{name}"


def import_splink() -> Any:
    """Import the library. Raises `ConfigurationError` where it is not installed."""
    try:
        import splink
    except ImportError:
        raise ConfigurationError(['identity: Splink is not installed; add the extra "identity"']) from None
    return splink
