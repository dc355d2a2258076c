"""Schemas of other companies: words with accents, staff among users, several tables of customers, times as text."""

from pathlib import Path

import pytest

from connectors.catalogue import is_secret_name, split_words
from gateway.onboarding.proposal import Confidence
from tests.onboarding.test_recognition import columns_of, recognise

NUMBERS = range(1, 31)


def rows_of(table: str, *values: str) -> str:
    """Write an insert of thirty rows, in which `{n}` is the number of the row."""
    rows = ", ".join(f"({', '.join(own.format(n=number) for own in values)})" for number in NUMBERS)
    return f"INSERT INTO {table} VALUES {rows}"


def test_letters_with_accents_are_plain_ones() -> None:
    """German letters are written out, others lose their accent, and those of other scripts stay."""
    told = {"Währung": ("waehrung",), "Straße": ("strasse",), "ÄnderungAm": ("aenderung", "am"), "Preço": ("preco",)}
    assert {name: split_words(name) for name in [*told, "币种", "가격"]} == {**told, "币种": ("币种",), "가격": ("가격",)}


@pytest.mark.parametrize("name", ["Contraseña", "登录密码", "银行卡号", "KreditkartenNr", "Kontonummer", "numero_do_cartao"])
def test_secrets_are_known_in_each_language(name: str) -> None:
    """What is secret is so in the languages whose tables are recognised."""
    assert is_secret_name(name)


async def test_german_names_are_recognised(tmp_path: Path) -> None:
    """Deleted rows are left out, and the currency is found, where names are written with umlauts."""
    proposal = await recognise(
        tmp_path,
        'CREATE TABLE Kunden (KundenNr INTEGER PRIMARY KEY, Name TEXT, "E-Mail" TEXT, "Erfasst am" TEXT, "Gelöscht" INTEGER)',
        (
            'CREATE TABLE "Bestellungen" (BestellNr INTEGER PRIMARY KEY, KundenNr INTEGER REFERENCES Kunden, Bestelldatum TEXT,'
            ' Zustand TEXT, Bruttobetrag NUMERIC(10, 2), "Währung" TEXT)'
        ),
        rows_of("Kunden", "{n}", "'Jo {n}'", "'jo{n}@example.de'", "'2025-01-02 03:04:05'", "{n} % 2"),
        rows_of('"Bestellungen"', "{n}", "{n}", "'2025-01-{n:02d}'", "'bezahlt'", "{n}.5", "'EUR'"),
    )
    customers, orders = proposal.record("customer"), proposal.record("order")
    assert customers is not None
    assert orders is not None
    assert [(own.column, own.test) for own in customers.filters] == [("Gelöscht", "false")]
    assert columns_of(orders)["total_currency"] == "Währung"
    assert "Times without a zone are taken as UTC: Kunden." in proposal.questions


async def test_staff_among_users_are_left_out(tmp_path: Path) -> None:
    """A flag of staff is a condition, where not all rows have it alike."""
    proposal = await recognise(
        tmp_path,
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT UNIQUE, name TEXT, is_staff INTEGER)",
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users (id), placed_at TEXT, status TEXT)",
        rows_of("users", "{n}", "'u{n}@example.com'", "'U {n}'", "{n} % 2"),
        rows_of("orders", "{n}", "{n}", "'2025-01-{n:02d}'", "'paid'"),
    )
    customers = proposal.record("customer")
    assert customers is not None
    assert [(own.column, own.test, own.note) for own in customers.filters] == [("is_staff", "false", "leaves out staff")]


async def test_two_tables_of_customers_are_asked_about(tmp_path: Path) -> None:
    """A column that may point to either says nothing of them: both are as likely, and nothing runs."""
    people = "(id INTEGER PRIMARY KEY, email TEXT, name TEXT)"
    sold = "(id INTEGER PRIMARY KEY, customer_id INTEGER {}, placed_at TEXT, status TEXT)"
    shops = ("web", "store")
    proposal = await recognise(
        tmp_path,
        *(f"CREATE TABLE {own}_customers {people}" for own in shops),
        *(f"CREATE TABLE {own}_orders {sold.format(f'REFERENCES {own}_customers (id)')}" for own in shops),
        f"CREATE TABLE orders {sold.format('')}",
        *(rows_of(f"{own}_customers", "{n}", f"'{own}{{n}}@example.com'", "'N {n}'") for own in shops),
        *(rows_of(own, "{n}", "{n}", "'2025-01-{n:02d}'", "'paid'") for own in ("web_orders", "store_orders", "orders")),
    )
    assert [own.confidence for own in proposal.records] == [Confidence.UNSURE] * len(proposal.records)
    assert "customer from store_customers: or web_customers?" in proposal.questions
