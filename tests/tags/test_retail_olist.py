"""The retail pack over the buyers of a real marketplace: how many have each value is what SQL by hand counts in the files."""

import asyncio
import sqlite3
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.pack_values import own_keys, tags_of_all
from tests.support.published_data import published_file
from tests.support.retail_buyers import FOLDER, write_retail

pytestmark = [pytest.mark.published, pytest.mark.olist]

Values = dict[str, Counter[str | None]]

BOUGHT = """
    WITH bought AS (
      SELECT c.customer_unique_id AS person, o.order_id, o.order_purchase_timestamp AS at, (SELECT coalesce(sum(price), 0)
          FROM raw_items i WHERE i.order_id = o.order_id) AS goods,
        (SELECT coalesce(sum(freight_value), 0) FROM raw_items i WHERE i.order_id = o.order_id) AS freight,
        (SELECT count(*) FROM raw_items i WHERE i.order_id = o.order_id) AS pieces,
        (SELECT max(payment_installments) FROM raw_payments p WHERE p.order_id = o.order_id) AS installments
      FROM raw_orders o JOIN raw_customers c ON c.customer_id = o.customer_id
      WHERE o.order_status NOT IN ('canceled', 'unavailable')),
    lately AS (SELECT * FROM bought WHERE at >= '2017-09-03' AND at < '2018-09-03')
"""
"""Purchases of all time, and those of the year before the pinned moment, straight from the published files."""

BY_HAND = {
    "repeat_stage": """SELECT CASE WHEN count(*) > 1 THEN 'REPEAT'
          WHEN julianday('2018-09-03') - julianday(min(at)) < 31 THEN 'FRESH'
          WHEN julianday('2018-09-03') - julianday(min(at)) < 121 THEN 'SECOND_DUE' ELSE 'ONE_TIME' END
        FROM bought GROUP BY person""",
    "basket_size": """SELECT CASE WHEN sum(pieces) >= 4.0 * count(*) THEN 'LARGE'
          WHEN sum(pieces) >= 1.5 * count(*) THEN 'SMALL' ELSE 'SINGLE' END
        FROM lately GROUP BY person HAVING sum(pieces) > 0""",
    "order_value": """SELECT CASE WHEN avg(goods + freight) / 6 >= 150 THEN 'BIG'
          WHEN avg(goods + freight) / 6 >= 50 THEN 'MEDIUM' ELSE 'SMALL' END FROM lately WHERE pieces > 0 GROUP BY person""",
    "category_breadth": """SELECT CASE WHEN count(DISTINCT product_category_name) >= 4 THEN 'BROAD'
          WHEN count(DISTINCT product_category_name) >= 2 THEN 'SOME' ELSE 'ONE' END
        FROM lately JOIN raw_items USING (order_id) JOIN raw_products USING (product_id)
        WHERE product_category_name <> '' GROUP BY person""",
    "shipping_burden": """SELECT CASE WHEN euros(sum(freight)) / euros(sum(goods + freight)) >= 0.2 THEN 'HEAVY'
          WHEN sum(freight) > 0 THEN 'LIGHT' ELSE 'FREE' END FROM lately GROUP BY person HAVING sum(goods + freight) > 0""",
    "installment_payer": """SELECT CASE WHEN avg(coalesce(installments, 0) >= 2) >= 0.5 THEN 'MOSTLY'
          WHEN max(installments) >= 2 THEN 'SOMETIMES' ELSE 'NEVER' END
        FROM lately GROUP BY person HAVING max(installments) >= 0""",
    "review_behaviour": """SELECT CASE WHEN written >= 0.5 * count(*) THEN 'WRITER' WHEN written > 0 THEN 'OCCASIONAL'
          ELSE 'SILENT' END
        FROM lately LEFT JOIN (SELECT customer_unique_id AS person, count(*) AS written
          FROM raw_reviews JOIN raw_orders USING (order_id) JOIN raw_customers USING (customer_id)
          WHERE review_creation_date >= '2017-09-03' AND review_creation_date < '2018-09-03' GROUP BY 1) USING (person)
        GROUP BY person""",
    "delivery_wait": """SELECT CASE
          WHEN sum(order_status NOT IN ('delivered', 'canceled', 'unavailable')
            AND order_purchase_timestamp >= '2018-07-05' AND order_purchase_timestamp < '2018-08-20') THEN 'OVERDUE'
          WHEN sum(order_status NOT IN ('delivered', 'canceled', 'unavailable')
            AND order_purchase_timestamp >= '2018-08-20' AND order_purchase_timestamp < '2018-09-03') THEN 'ON_THE_WAY'
          ELSE 'NONE' END
        FROM raw_customers JOIN raw_orders USING (customer_id) GROUP BY customer_unique_id""",
    "season_buyer": """SELECT CASE WHEN sum(is_last_year) AND sum(at >= '2018-08-04') THEN 'BACK'
          WHEN sum(is_last_year) THEN 'DUE' WHEN sum(is_before) THEN 'LAPSED' ELSE 'NONE' END
        FROM (SELECT person, at, at >= '2017-08-04' AND at < '2017-10-03' AS is_last_year,
            at >= '2016-08-04' AND at < '2016-10-03' AS is_before FROM bought) GROUP BY person""",
}
"""The value of everybody who has one. A season is 335 to 395, and 700 to 760, days before the pinned moment."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    published_file(FOLDER, "olist_orders_dataset.csv.gz")
    folder = tmp_path_factory.mktemp("retail")
    write_retail(folder)
    return folder


@pytest.fixture(scope="module")
def values(folder: Path) -> Values:
    """How many customers have each value of each tag of the pack."""
    return asyncio.run(count_values(folder / "gateway.toml"))


async def count_values(path: Path) -> Values:
    counts: Values = defaultdict(Counter)
    async for _, definition, tag in tags_of_all(path, own_keys("retail")):
        counts[definition.key][tag.value] += 1
    return counts


def euros(reals: float) -> float:
    """Six reals are a euro, to the cent, which counts for those whose share is just the border."""
    return float(round(Decimal(str(round(reals, 2))) / 6, 2))


@pytest.mark.parametrize("key", BY_HAND)
def test_as_many_have_each_value_as_the_files_say(folder: Path, values: Values, key: str):
    """Over 14,904 people; who has no value is who is left."""
    with sqlite3.connect(folder / "shop.db") as database:
        database.create_function("euros", 1, euros)
        expected = Counter(value for (value,) in database.execute(f"{BOUGHT} {BY_HAND[key]}"))
    assert sum(values[key].values()) == 14_904
    assert +values[key] == expected + Counter({None: 14_904 - expected.total()})


def test_what_the_files_do_not_say_gives_no_value(values: Values):
    """Nobody sent anything back, orders have no channel, and there are no memberships."""
    assert values["return_behaviour"] == {None: 14_903, "NEVER": 1}
    assert values["store_use"] == values["membership"] == {None: 14_904}


def test_hardly_anybody_comes_back(values: Values):
    """What is known of this marketplace: of 14,705 buyers 91 have bought twice."""
    assert values["repeat_stage"]["REPEAT"] == 91
    assert values["repeat_stage"].total() - values["repeat_stage"][None] == 14_705
