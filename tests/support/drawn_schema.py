"""Databases of shops as people draw them: in several languages and spellings, with more and with less, and with decoys.

Each says which column each field must be. What stands in no mapping must not be proposed so that it runs.
"""

import random
from typing import NamedTuple

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "customers": "customers", "orders": "orders", "items": "order_items", "products": "products",
        "id": "id", "given_name": "first_name", "family_name": "last_name", "email": "email", "phone": "phone",
        "city": "city", "zip": "postal_code", "country": "country_code", "created": "created_at", "born": "date_of_birth",
        "customer": "customer_id", "order": "order_id", "product": "product_id", "placed": "order_date", "status": "status",
        "total": "total_amount", "currency": "currency", "shipping": "shipping_cost", "quantity": "quantity",
        "price": "unit_price", "sku": "sku", "name": "name",
    },
    "de": {
        "customers": "kunden", "orders": "bestellungen", "items": "bestellpositionen", "products": "artikel",
        "id": "id", "given_name": "vorname", "family_name": "nachname", "email": "email", "phone": "telefon",
        "city": "ort", "zip": "plz", "country": "land", "created": "angelegt_am", "born": "geburtsdatum",
        "customer": "kunden_id", "order": "bestellungen_id", "product": "artikel_id", "placed": "bestelldatum",
        "status": "status", "total": "gesamtbetrag", "currency": "waehrung", "shipping": "versandkosten",
        "quantity": "menge", "price": "einzelpreis", "sku": "artikelnummer", "name": "bezeichnung",
    },
    "pt": {
        "customers": "clientes", "orders": "pedidos", "items": "itens", "products": "produtos",
        "id": "id", "given_name": "primeiro_nome", "family_name": "sobrenome", "email": "email", "phone": "telefone",
        "city": "cidade", "zip": "cep", "country": "pais", "created": "criado_em", "born": "data_nascimento",
        "customer": "cliente_id", "order": "pedido_id", "product": "produto_id", "placed": "data_pedido", "status": "status",
        "total": "valor_total", "currency": "moeda", "shipping": "frete", "quantity": "quantidade", "price": "preco_unitario",
        "sku": "sku", "name": "nome",
    },
}  # fmt: skip
STATES = {
    "en": ["paid", "shipped", "cancelled"],
    "de": ["bezahlt", "versandt", "storniert"],
    "pt": ["pago", "enviado", "cancelado"],
}
COUNTRIES = {"en": ["GB", "US"], "de": ["Deutschland", "Österreich"], "pt": ["Brasil", "Portugal"]}


class DrawnSchema(NamedTuple):
    """A script, and for each record and list the columns that its fields must be."""

    script: list[str]
    customer: dict[str, str]
    order: dict[str, str]
    items: dict[str, str]


def draw_schema(seed: int) -> DrawnSchema:
    """Draw a shop. The same seed draws the same one."""
    chance = random.Random(seed)
    language = chance.choice(sorted(WORDS))
    is_pascal, has_keys = chance.random() < 0.3, chance.random() < 0.7
    names = {key: _spelled(word, is_pascal=is_pascal) for key, word in WORDS[language].items()}
    optional = [key for key in ("email", "phone", "city", "zip", "country", "created", "born") if chance.random() < 0.7]
    optional += [] if {"email", "phone"} & set(optional) else ["email"]
    extra = [key for key in ("status", "total", "shipping") if chance.random() < 0.8]
    extra += [] if {"status", "total"} & set(extra) else ["total"]
    decoys = chance.random() < 0.6
    rows = chance.randint(8, 30)
    script = _tables(names, optional, extra, decoys=decoys, has_keys=has_keys)
    script += _rows(chance, names, language, optional, extra, rows)
    customer = {"id": names["id"], "given_name": names["given_name"], "family_name": names["family_name"]}
    paths = {"city": "address_city", "zip": "address_postal_code", "country": "address_country"}
    paths |= {"created": "created_at", "born": "birth_date"}
    customer |= {paths.get(key, key): names[key] for key in optional}
    order = {"id": names["id"], "customer_id": names["customer"], "placed_at": names["placed"]}
    order |= {"status": names["status"]} if "status" in extra else {}
    order |= {f"{key}_amount": names[key] for key in ("total", "shipping") if key in extra}
    order |= {f"{key}_currency": names["currency"] for key in ("total", "shipping") if key in extra}
    items = {"quantity": names["quantity"], "unit_price_amount": names["price"], "unit_price_currency": names["currency"]}
    items |= {"sku": names["sku"], "name": names["name"], "product_id": names["product"]}
    return DrawnSchema(script, customer, order, items)


def _spelled(word: str, *, is_pascal: bool) -> str:
    return "".join(part.capitalize() for part in word.split("_")) if is_pascal else word


def _tables(names: dict[str, str], optional: list[str], extra: list[str], *, decoys: bool, has_keys: bool) -> list[str]:
    key = lambda table: f' REFERENCES "{names[table]}" ("{names["id"]}")' if has_keys else ""  # noqa: E731
    types = {"created": "TIMESTAMP", "born": "DATE"}
    own = "".join(f', "{names[field]}" {types.get(field, "TEXT")}' for field in optional)
    more = "".join(f', "{names[field]}" {"TEXT" if field == "status" else "DECIMAL(10, 2)"}' for field in extra)
    id_ = f'"{names["id"]}" INTEGER PRIMARY KEY'
    price = f'"{names["quantity"]}" INTEGER, "{names["price"]}" DECIMAL(10, 2)'
    placed = f'"{names["placed"]}" TIMESTAMP, "{names["currency"]}" TEXT{more}'
    columns = {
        "customers": f'"{names["given_name"]}" TEXT, "{names["family_name"]}" TEXT{own}',
        "products": f'"{names["sku"]}" TEXT, "{names["name"]}" TEXT, list_price DECIMAL(10, 2), stock INTEGER',
        "orders": f'"{names["customer"]}" INTEGER{key("customers")}, {placed}',
        "items": f'"{names["order"]}" INTEGER{key("orders")}, "{names["product"]}" INTEGER{key("products")}, {price}',
    }
    script = [f'CREATE TABLE "{names[table]}" ({id_}, {told})' for table, told in columns.items()]
    if decoys:
        script += [
            "CREATE TABLE employees (id INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, email TEXT, hired_at DATE)",
            "CREATE TABLE suppliers (id INTEGER PRIMARY KEY, company_name TEXT, phone TEXT, email TEXT)",
            "CREATE TABLE carts (id INTEGER PRIMARY KEY, created_at TIMESTAMP, total DECIMAL(10, 2))",
            f'ALTER TABLE "{names["orders"]}" ADD COLUMN required_by DATE',
            f'ALTER TABLE "{names["orders"]}" ADD COLUMN discount_rate DECIMAL(4, 2)',
            f'ALTER TABLE "{names["customers"]}" ADD COLUMN password_hash TEXT',
            f'ALTER TABLE "{names["customers"]}" ADD COLUMN emergency_contact TEXT',
        ]
    return script


def _rows(
    chance: random.Random, names: dict[str, str], language: str, optional: list[str], extra: list[str], count: int
) -> list[str]:
    script = []
    for number in range(1, count + 1):
        given = {
            "email": f"'p{number}@example.com'", "phone": f"'+4420794600{number:02}'", "city": "'Town'", "zip": "'10115'",
            "country": f"'{chance.choice(COUNTRIES[language])}'", "created": "'2026-01-01 10:00:00'", "born": "'1980-05-05'",
        }  # fmt: skip
        columns = ["id", "given_name", "family_name", *optional]
        values = [str(number), f"'Ana{number}'", "'Meyer'", *(given[field] for field in optional)]
        script.append(_insert(names, "customers", columns, values))
    script += [
        _insert(names, "products", ["id", "sku", "name"], [str(own), f"'S{own}'", f"'Thing {own}'"]) for own in (1, 2, 3)
    ]
    for number in range(1, count + 1):
        price, quantity = chance.randint(1, 90), chance.randint(1, 4)
        told = {"status": f"'{chance.choice(STATES[language])}'", "total": f"{price * quantity}.50", "shipping": "4.90"}
        told["total"] = f"{price * quantity}.00"
        columns = ["id", "customer", "placed", "currency", *extra]
        values = [str(number), str(chance.randint(1, count)), "'2026-02-01 10:00:00'", "'EUR'", *(told[own] for own in extra)]
        script.append(_insert(names, "orders", columns, values))
        columns = ["id", "order", "product", "quantity", "price"]
        values = [str(number), str(number), str(chance.randint(1, 3)), str(quantity), f"{price}.00"]
        script.append(_insert(names, "items", columns, values))
    return script


def _insert(names: dict[str, str], table: str, columns: list[str], values: list[str]) -> str:
    told = ", ".join(f'"{names[column]}"' for column in columns)
    return f'INSERT INTO "{names[table]}" ({told}) VALUES ({", ".join(values)})'
