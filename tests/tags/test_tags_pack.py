"""Packs: what a file of facts and tags becomes, and everything that is said about a bad one."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.contract import Condition, MeasureOp
from connectors.errors import ConfigurationError
from connectors.records import Customer, Order
from gateway.tags.definitions import Fact, Pack, TagCategory
from gateway.tags.pack import load_pack

GOOD = """\
facts:
  orders_90d:
    label: Orders in the last 90 days
    record: order
    measure: count
    window: 90d
    where: {status: [DELIVERED, SHIPPED]}
    except: {items.category: gift_card}
  spend:
    label: Spend
    record: order
    measure: sum
    field: total
    currency: EUR
    rates: {USD: 1.1, BRL: 6}
    window: 2w
  joined:
    label: Days since joining
    record: customer
    measure: first
    field: created_at
    as: days_ago
tags:
  loyal:
    label: Loyal
    description: Buys again.
    owner: crm-team
    category: BEHAVIOUR
    ttl: 6h
    version: 2
    words: YES with two orders in 90 days and a year with us.
    expression: "orders_90d >= 2 && joined != null && joined > 365 ? 'YES' : 'NO'"
    values: [YES, NO]
  spender:
    label: Spender
    description: Spends.
    owner: finance-team
    category: VALUE
    ttl: 15m
    version: 1
    words: The spend.
    expression: string(spend)
"""

BAD = """\
facts:
  orders_90d:
    label: Orders
    record: order
    measure: count
    window: 90 days
  orders_all:
    label: Orders
    record: ordre
    measure: count
  spend:
    label: Spend
    record: order
    measure: sum
    field: total
  amount:
    label: Amount
    record: order
    measure: average
    field: total.amount
  last:
    label: Last
    record: order
    measure: sum
    field: placedAt
    where: {status: [CANCELED], stauts: X, placed_at: 3}
    exept: {status: [CANCELLED]}
  category:
    label: Category
    record: order
    measure: latest
    field: items.category
  joined:
    label: Joined
    record: customer
    measure: first
    field: created_at
    window: 30d
    as: weeks
  Idle:
    label: Idle
    record: ticket
    measure: average
    field: subject
  string:
    label: Status
    record: order
    measure: top
    field: status
    as: days_ago
    currency: euro
    rates: {USD: 0}
tags:
  activity:
    label: Activity
    description: x
    owner: crm
    category: BEHAVIOR
    ttl: 6x
    version: one
    words: w
    expression: "order_90d >= 3 ? 'HIGH' 'LOW'"
  activity:
    label: Again
  tier:
    label: Activity
    description: [a]
    category: VALUE
    ttl: 1d
    version: 1
    words:
    expression: "order_all >= 1 && spend > round(3.5) && last + joined > 1 ? 'a' : category + amount"
    values: [a, a]
"""

PROBLEMS = """\
tags.yaml:6: facts.orders_90d.window: '90 days' is not a span of time; write a number and m, h, d or w, such as 6h or 90d
tags.yaml:8: facts.orders_all.label: 'Orders' is the label of orders_90d too; make one of them different
tags.yaml:9: facts.orders_all.record: unknown word 'ordre'; did you mean 'order'?
tags.yaml:11: facts.spend.currency: is missing; money is counted in one currency
tags.yaml:20: facts.amount.field: an amount means nothing without its currency; use measure 'sum' of 'total'
tags.yaml:25: facts.last.field: the record has no field 'placedAt'; did you mean 'placed_at'?
tags.yaml:26: facts.last.where.status: 'CANCELED' is not one of its values; did you mean 'CANCELLED'?
tags.yaml:26: facts.last.where.stauts: the record has no field 'stauts'; did you mean 'status'?
tags.yaml:26: facts.last.where.placed_at: cannot be compared; use a field that is text, a whole number or one of several words
tags.yaml:27: facts.last.exept: unknown setting; did you mean 'except'?
tags.yaml:32: facts.category.field: measure 'latest' needs a single value in each record, and 'items.category' is in a list; \
'top' fits lists
tags.yaml:38: facts.joined.window: these records have no time of their own; remove the window
tags.yaml:39: facts.joined.as: unknown word 'weeks'; known: days_ago, days_until, hour, day
tags.yaml:40: facts.Idle: a name is made of small letters, digits and _, and starts with a letter; rename it
tags.yaml:40: facts.Idle: no tag uses this fact; name it in an expression or remove it
tags.yaml:44: facts.Idle.field: measure 'average' needs a number, and 'subject' is text
tags.yaml:45: facts.string: 'string' is a word of the expression language; rename it
tags.yaml:45: facts.string: no tag uses this fact; name it in an expression or remove it
tags.yaml:50: facts.string.as: 'days_ago' needs a field that is a time; remove it, or choose another field
tags.yaml:51: facts.string.currency: 'euro' is no currency; write three capital letters, such as EUR
tags.yaml:51: facts.string.currency: only money has a currency; remove it
tags.yaml:52: facts.string.rates: only money has a currency; remove it
tags.yaml:52: facts.string.rates.USD: '0' is no rate; write how much of USD is one of the fact's currency, such as 1.25
tags.yaml:58: tags.activity.category: unknown word 'BEHAVIOR'; did you mean 'BEHAVIOUR'?
tags.yaml:59: tags.activity.ttl: '6x' is not a span of time; write a number and m, h, d or w, such as 6h or 90d
tags.yaml:60: tags.activity.version: must be a whole number from 1 to 999,999,999; write it in digits
tags.yaml:62:42: tags.activity.expression: a ':' is missing before this; write condition ? 'A' : 'B'
tags.yaml:63: tags.activity: stands twice, first in line 54; keep one
tags.yaml:65: tags.tier.owner: is missing; add it
tags.yaml:66: tags.tier.label: 'Activity' is the label of activity too; make one of them different
tags.yaml:67: tags.tier.description: must be text, and not empty
tags.yaml:71: tags.tier.words: must be text, and not empty
tags.yaml:72:18: tags.tier.expression: unknown fact 'order_all'; did you mean 'orders_all'?
tags.yaml:72:44: tags.tier.expression: unknown function 'round'; known: contains, double, endsWith, int, matches, \
size, startsWith, string
tags.yaml:73: tags.tier.values: a stands twice; keep one
"""


def load(folder: Path, text: str) -> Pack:
    path = folder / "tags.yaml"
    path.write_text(text, "utf-8")
    return load_pack(path)


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load(folder, text)
    return list(caught.value.problems)


def test_a_file_becomes_facts_and_tags_in_its_order(tmp_path: Path) -> None:
    """Every setting of a fact and of a tag is read as it is written."""
    pack = load(tmp_path, GOOD)
    assert list(pack.facts.values()) == [
        Fact(
            name="orders_90d",
            label="Orders in the last 90 days",
            record=Order,
            measure=MeasureOp.COUNT,
            window=timedelta(days=90),
            where=(
                Condition(field="status", values=("DELIVERED", "SHIPPED")),
                Condition(field="items.category", values=("gift_card",), negated=True),
            ),
        ),
        Fact(
            name="spend",
            label="Spend",
            record=Order,
            measure=MeasureOp.SUM,
            field="total",
            window=timedelta(weeks=2),
            currency="EUR",
            rates=(("BRL", Decimal(6)), ("USD", Decimal("1.1"))),
        ),
        Fact(
            name="joined",
            label="Days since joining",
            record=Customer,
            measure=MeasureOp.MIN,
            field="created_at",
            as_days=True,
        ),
    ]
    assert list(pack.tags) == ["loyal", "spender"]
    loyal = pack.tags["loyal"]
    assert (loyal.key, loyal.label, loyal.description, loyal.owner) == ("loyal", "Loyal", "Buys again.", "crm-team")
    assert (loyal.category, loyal.ttl, loyal.version) == (TagCategory.BEHAVIOUR, timedelta(hours=6), 2)
    assert loyal.words == "YES with two orders in 90 days and a year with us."
    assert loyal.expression == "orders_90d >= 2 && joined != null && joined > 365 ? 'YES' : 'NO'"
    assert loyal.fact_names == ("joined", "orders_90d")
    assert pack.tags["spender"].ttl == timedelta(minutes=15)
    assert pack.tags["spender"].values == ()


def test_unquoted_yes_and_no_are_text(tmp_path: Path) -> None:
    """YAML takes YES and NO for truth values; whoever lists the values of a tag means the words."""
    assert load(tmp_path, GOOD).tags["loyal"].values == ("YES", "NO")


def test_a_bad_file_shows_all_its_problems_at_once(tmp_path: Path) -> None:
    """Every problem is found in one go, in the order of the file, with its line and the fix."""
    assert problems(tmp_path, BAD) == PROBLEMS.splitlines()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["tags.yaml:1: needs the sections 'facts' and 'tags'"]),
        ("- a\n", ["tags.yaml:1: needs the sections 'facts' and 'tags'"]),
        (
            "facts: {}\ntag: {}\n",
            ["tags.yaml:1: tags: is missing; add it", "tags.yaml:2: tag: unknown setting; did you mean 'tags'?"],
        ),
        (
            "facts: {a: 3}\ntags:\n  b: [1]\n",
            [
                "tags.yaml:1: facts.a: must be a mapping of names to settings",
                "tags.yaml:3: tags.b: must be a mapping of names to settings",
            ],
        ),
        ("facts: 3\ntags: {}\n", ["tags.yaml:1: facts: must be a mapping of names to settings"]),
        (
            "facts: {}\ntags: {}\n? [a]\n: b\n",
            ["tags.yaml:3: a name must be plain text"],
        ),
        (
            "facts:\n  a: [\n",
            ["tags.yaml:3: is not YAML: while parsing a flow node, expected the node content, but found '<stream end>'"],
        ),
        ("facts: \x01\n", ["tags.yaml:1: is not YAML: it has characters that text does not have; remove them"]),
    ],
)
def test_a_file_of_another_form_says_so(tmp_path: Path, text: str, expected: list[str]) -> None:
    """What is no pack at all is told apart by what is wrong with it."""
    assert problems(tmp_path, text) == expected


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    """An absent file, and one in another encoding, are problems of the configuration, without the path of the machine."""
    with pytest.raises(ConfigurationError) as caught:
        load_pack(tmp_path / "absent.yaml")
    assert caught.value.problems == (
        "absent.yaml: cannot be read (No such file or directory); give the path of a readable file",
    )
    (tmp_path / "tags.yaml").write_bytes("facts: é".encode("latin-1"))
    with pytest.raises(ConfigurationError) as caught:
        load_pack(tmp_path / "tags.yaml")
    assert caught.value.problems == ("tags.yaml: is not UTF-8 text; save it as UTF-8",)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "    window: 90d\n",
            "    window: 90d\n    field: id\n",
            "7: facts.orders_90d.field: measure 'count' counts records; remove the field, or choose another measure",
        ),
        ("    field: created_at\n", "", "17: facts.joined.field: is missing; measure 'first' needs one"),
        (
            "field: created_at",
            "field: address",
            "21: facts.joined.field: 'address' has fields of its own; name one, such as 'address.line'",
        ),
        ("measure: sum", "measure: max", "13: facts.spend.field: measure 'max' does not fit money; money can be summed"),
        (
            "field: created_at",
            "field: name",
            "21: facts.joined.field: measure 'first' needs a time, and 'name' is text",
        ),
        (
            "field: created_at",
            "field: contact_points.primary",
            "21: facts.joined.field: measure 'first' needs a time, and 'contact_points.primary' is yes or no",
        ),
        (
            "items.category: gift_card",
            "items.quantity: two",
            "8: facts.orders_90d.except.items.quantity: 'two' is not a whole number; write it in digits",
        ),
        (
            "items.category: gift_card",
            "items.category: []",
            "8: facts.orders_90d.except.items.category: is an empty list; give at least one text, or remove it",
        ),
        (
            "window: 90d",
            "window: 0d",
            "6: facts.orders_90d.window: '0d' is too short; write a number from 1 to 9,999 and m, h, d or w",
        ),
        (
            "window: 90d",
            "window: 90000d",
            "6: facts.orders_90d.window: '90000d' is too long; write a number from 1 to 9,999 and m, h, d or w",
        ),
        (
            "items.category: gift_card",
            'items.quantity: [1, "2"]',
            "8: facts.orders_90d.except.items.quantity: must have a whole number without quotes; write 2 in the list",
        ),
        (
            "rates: {",
            'rates: {SEK: "1.1", ',
            "15: facts.spend.rates.SEK: must be a number without quotes; write `SEK: 1.1`",
        ),
        (
            "expression: string(spend)",
            "expression: string(spend) if",
            "42:31: tags.spender.expression: 'if' is no operator; write condition ? 'A' : 'B' for 'if'",
        ),
        (
            "expression: string(spend)",
            "expression: string(spent)",
            "42:24: tags.spender.expression: unknown fact 'spent'; did you mean 'spend'?",
        ),
    ],
)
def test_a_single_mistake_is_the_single_problem(tmp_path: Path, old: str, new: str, expected: str) -> None:
    """One mistake in a good file gives one problem, at its line, and nothing that only follows from it."""
    assert problems(tmp_path, GOOD.replace(old, new)) == [f"tags.yaml:{expected}"]


def test_a_fingerprint_names_the_rule_and_its_facts(tmp_path: Path) -> None:
    """A new version, expression, list of values or definition of a fact that the tag reads is another rule; labels are not."""
    original = load(tmp_path, GOOD).tags
    for old, new in [
        ("version: 2", "version: 3"),
        ("joined > 365", "joined > 366"),
        ("[YES, NO]", "[YES, NO, MAYBE]"),
        ("window: 90d", "window: 91d"),
        ("[DELIVERED, SHIPPED]", "[DELIVERED]"),
    ]:
        changed = load(tmp_path, GOOD.replace(old, new)).tags
        assert changed["loyal"].fingerprint != original["loyal"].fingerprint
        assert changed["spender"].fingerprint == original["spender"].fingerprint
    relabelled = load(tmp_path, GOOD.replace("label: ", "label: My ").replace("ttl: 6h", "ttl: 7h")).tags
    assert [tag.fingerprint for tag in relabelled.values()] == [tag.fingerprint for tag in original.values()]
    assert len(original["loyal"].fingerprint) == 12
