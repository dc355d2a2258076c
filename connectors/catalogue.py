"""Define what `init` reads of a source: tables, columns, keys, indexes, and sampled rows, which stay in memory.

A reader of a kind fills these structs; what is read is recognised without regard to the kind. A collection of documents is a
table, whose columns are paths (`contact.email`). An array of objects in it is a table of its own, `embedded_in` that of the
documents; an array of plain values is a column whose `is_list` is true.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Protocol

import msgspec

MAX_SAMPLED_ROWS = 1_000
"""How many rows of a table are sampled at most."""
STATEMENT_S = 2
"""How long a statement of a reader may take, in seconds."""
MAX_SAMPLED_LENGTH = 256
"""How many characters of a text are sampled."""


class ColumnKind(StrEnum):
    """Say what a column's type holds, whatever the source calls it."""

    INTEGER = "integer"
    DECIMAL = "decimal"
    FLOAT = "float"
    TEXT = "text"
    UUID = "uuid"
    OBJECT_ID = "objectid"
    BOOLEAN = "boolean"
    TIMESTAMP = "timestamp"
    """A day and a time of day, without a zone."""
    ZONED_TIMESTAMP = "zoned"
    DATE = "date"
    JSON = "json"
    BINARY = "binary"
    OTHER = "other"


class CatalogueColumn(msgspec.Struct, frozen=True, kw_only=True):
    """A column, or the path of a value in documents.

    `samples` are its values in the sampled rows, in the order of these, None where there is none. A secret has no samples.
    Text may be cut after `MAX_SAMPLED_LENGTH` characters. Columns of files that hold text alone are of the kind `TEXT`.
    """

    name: str
    type_name: str
    """The type as the source calls it, such as `numeric(10,2)`."""
    kind: ColumnKind
    nullable: bool = True
    comment: str | None = None
    is_secret: bool = False
    is_list: bool = False
    samples: Sequence[Any] = ()

    @property
    def values(self) -> list[Any]:
        """The samples that are given: neither None nor a blank text."""
        return [value for value in self.samples if value is not None and value != ""]


class ForeignKey(msgspec.Struct, frozen=True, kw_only=True):
    """Columns that hold the key of another table, in the same order. `target` is the name that its `CatalogueTable` has."""

    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]


class CatalogueIndex(msgspec.Struct, frozen=True, kw_only=True):
    """An index. `columns` are in its order; an expression stands as its text, such as `lower(email)`."""

    columns: tuple[str, ...]
    is_unique: bool = False


class CatalogueTable(msgspec.Struct, frozen=True, kw_only=True):
    """A table, view, file or collection.

    `name` is unique in the catalogue and, for SQL, may be written in a query as `quoted`.
    """

    name: str
    quoted: str
    """The name as a query writes it, with its schema and quotes where it needs them. Of files the name in `tables`."""
    columns: Sequence[CatalogueColumn]
    primary_key: tuple[str, ...] = ()
    foreign_keys: Sequence[ForeignKey] = ()
    indexes: Sequence[CatalogueIndex] = ()
    comment: str | None = None
    rows: int | None = None
    """How many rows there are, by the source's estimate, or counted where the sample has them all. None if unknown."""
    is_view: bool = False
    is_whole: bool = False
    """Whether the sample has all rows."""
    embedded_in: str | None = None
    """Of an array of objects: the table that its documents are in. `name` is then `orders.lines`."""
    path: str | None = None
    """Of an array of objects: its path in the documents, `lines`. Of a file: its pattern below the folder."""

    def column(self, name: str) -> CatalogueColumn | None:
        """Find a column by its name."""
        return next((column for column in self.columns if column.name == name), None)

    def is_unique(self, name: str) -> bool:
        """Tell whether the source declares that no two rows have the same value in a column."""
        return self.primary_key == (name,) or any(own.is_unique and own.columns == (name,) for own in self.indexes)


class Catalogue(msgspec.Struct, frozen=True, kw_only=True):
    """All that was read of a source. `skipped` says what was left out, by the reason."""

    kind: str
    """The kind of source that its settings name: `sql`, `files` or `mongo`."""
    dialect: str
    """`postgresql`, `mysql`, `sqlite`, `duckdb` or `mongodb`."""
    name: str
    """What the database, file or folder is called, for the name of the source."""
    tables: Sequence[CatalogueTable]
    skipped: Mapping[str, Sequence[str]] = {}

    def table(self, name: str) -> CatalogueTable | None:
        """Find a table by its name."""
        return next((table for table in self.tables if table.name == name), None)


class CatalogueReader(Protocol):
    """Read the catalogue of a source, and rows by keys. It never writes.

    A statement ends after `STATEMENT_S`. Every method raises `SourceError` only: `SourceTimeoutError` for one that took longer.
    """

    async def read_catalogue(self) -> Catalogue:
        """Read tables, columns, keys, indexes and samples. What takes too long is without samples, not without a table."""

    async def read_rows(
        self, table: str, columns: Sequence[str], by: str, values: Sequence[Any], limit: int = MAX_SAMPLED_ROWS
    ) -> Sequence[tuple[Any, ...]]:
        """Read columns of at most `limit` rows whose column `by` has one of the values, which are as they were sampled.

        Of an embedded table `by` may be the column of its foreign key to the documents.
        """

    async def count_rows(self, table: str, by: str, values: Sequence[Any]) -> Mapping[Any, int]:
        """Count the rows for each of the values that the column `by` has. A value without rows is left out."""

    async def aclose(self) -> None:
        """Close connections."""


_TOOL_WORDS = (
    {"alembic", "version"},
    {"schema", "migrations"},
    {"django", "migrations"},
    {"flyway"},
    {"databasechangelog"},
    {"databasechangeloglock"},
    {"migrations"},
    {"knex", "migrations"},
    {"goose", "db", "version"},
    {"spatial", "ref", "sys"},
    {"sqlite", "sequence"},
    {"ar", "internal", "metadata"},
)
_BACKUP_WORDS = {"backup", "bak", "bkp", "old", "tmp", "temp", "copy", "deprecated", "archive"}
_SENSITIVE_WORDS = (
    r"pass(?:word|wd|phrase|code)?s?|pwd|senha|contrasena|passwort|kennwort|secret|salt|otp|totp|pin|cvv|cvc|"
    r"token|api_?key|private_?key|access_?key|session_?key|credentials?|hash|digest|"
    r"(?:credit_?)?card_?(?:no|num(?:ber)?)|ccn?|pan|iban|bic|swift|account_?no|bank_?account|routing(?:_?number)?|"
    r"ssn|social_?security(?:_?number)?|tax_?id|passport(?:_?(?:no|number))?|cpf|rg|nif|dni|"
    r"(?:kredit)?karten_?(?:nr|nummer)|konto_?(?:nr|nummer)|num(?:ero)?_(?:d[eo]_)?(?:cartao|tarjeta)"
)
_SENSITIVE_PARTS = "密码|口令|密钥|令牌|验证码|身份证|银行卡|信用卡|卡号|护照"
"""Chinese is written without spaces: these may stand anywhere in a name."""
_SECRET_NAME = re.compile(rf"(?:^|_)(?:{_SENSITIVE_WORDS})(?:_|$)|{_SENSITIVE_PARTS}")
_SECRET_VALUE = re.compile(
    r"^(?:\$2[abxy]?\$\d\d\$.{40,}|\$argon2|\$(?:1|5|6|y)\$|\{(?:SSHA|bcrypt|noop)\}|pbkdf2[_:]|sha\d+\$|eyJ[\w-]+\.eyJ|"
    r"(?:sk|rk|pk|whsec|ghp|gho|xox[abp]|AKIA)[_-]?\w{10,}|-----BEGIN )"
)


def split_words(name: str) -> tuple[str, ...]:
    """Split the name of a table or column into words in lower case: `CustomerID`, `customer_id` and `customer-id` alike.

    Letters with accents are plain ones, and German ones as they are written without: `Währung` is `waehrung`.
    """
    plain = name if name.isascii() else "".join(_without_accent(own) for own in unicodedata.normalize("NFC", name))
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", plain)
    return tuple(word for word in re.split(r"[\W_]+", spaced.lower()) if word)


_GERMAN = {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"}


def _without_accent(letter: str) -> str:
    """Write a Latin letter without its accent. Those of other scripts stay."""
    base = unicodedata.normalize("NFD", letter)[0]
    return _GERMAN.get(letter) or (base if base.isascii() else letter)


def skip_reason(name: str) -> str | None:
    """Say why a table is left out by its name: it is a tool's own, or a backup."""
    words = split_words(name)
    if any(tool <= set(words) and len(words) <= len(tool) + 1 for tool in _TOOL_WORDS) or name.startswith("sqlite_"):
        return "of a tool"
    if len(words) > 1 and (words[-1] in _BACKUP_WORDS or words[0] in _BACKUP_WORDS):
        return "backup"
    if len(words) > 2 and words[-1].isdigit() and len(words[-1]) >= 6 and words[-2] in {*_BACKUP_WORDS, "snapshot"}:
        return "backup"
    return None


def is_secret_name(name: str) -> bool:
    """Tell whether a column is called as credentials, cards and the like are. It is not sampled."""
    return _SECRET_NAME.search("_".join(split_words(name.rpartition(".")[2]))) is not None


def has_secret_shape(values: Sequence[Any]) -> bool:
    """Tell whether sampled values look like credentials or card numbers. A reader then keeps none of them."""
    texts = [str(value).strip() for value in values if value is not None]
    hits = sum(1 for text in texts if _SECRET_VALUE.match(text) or _is_card(text))
    return hits > 0 and hits * 2 >= len(texts)


def _is_card(text: str) -> bool:
    """Tell whether a text is the number of a card, by its length, its first digit and its check digit."""
    digits = re.sub(r"[ -]", "", text)
    if not re.fullmatch(r"[3-6]\d{12,18}", digits):
        return False
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0
