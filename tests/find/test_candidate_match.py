"""How near a record is to what was typed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import records as r
from connectors.contract import KeyKind
from connectors.toolkit.search_words import Patterns, Word, fold_letters, one_edit_off, words_of
from gateway.stitching.candidate_match import Match, MatchedBy, match_words
from gateway.stitching.find_rights import ALL_WAYS, FindRights
from gateway.stitching.typed_text import read_text


@given(st.text(alphabet="abcde", min_size=4, max_size=9), st.data())
def test_patterns_find_what_is_one_edit_off(word: str, data: Any):
    """Whatever edit there was, one of the patterns of what was heard is in the name."""
    place = data.draw(st.integers(0, len(word) - 1))
    kind = data.draw(st.sampled_from(["swap", "drop", "add", "change"]))
    letter = data.draw(st.sampled_from("abcde"))
    heard = {
        "swap": word[:place] + word[place : place + 2][::-1] + word[place + 2 :],
        "drop": word[:place] + word[place + 1 :],
        "add": word[:place] + letter + word[place:],
        "change": word[:place] + letter + word[place + 1 :],
    }[kind]
    if len(heard) < 4:
        return
    forms = [heard, *one_edit_off(heard)]
    assert any(
        all(own in ("\0", there) for own, there in zip(form, word[start:], strict=False))
        for form in forms
        for start in range(len(word) - len(form) + 1)
    ), (word, heard)


@pytest.mark.parametrize("near", [False, True])
def test_patterns_on_a_large_table_have_three_letters_or_a_beginning(near: bool):
    """No pattern has an index of trigrams read as a whole."""
    patterns = Patterns("%", "_", is_scanned=False)
    for text in ("li", "ana", "emma", "clarke", "王霞", "霞", "соколов"):
        (word,) = words_of(text)
        for pattern in patterns.near(word) if near else patterns.whole(word):
            inside = pattern.startswith("%") and pattern[1:2] != " "
            longest = max(map(len, pattern.strip("%").split("_")))
            assert longest >= 3 if inside else pattern.strip("% ")[:1].isalpha(), pattern


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("JOÃO", "joao"),
        ("Łódź", "lodz"),
        ("Straße", "strasse"),
        ("Ærø", "aero"),
        ("İzmir", "izmir"),
        ("ёлка", "елка"),
    ],
)
def test_letters_are_folded(text: str, folded: str):
    assert fold_letters(text) == folded


def test_words_are_split_where_letters_end():
    assert words_of("O'Connor, Siobhán 王霞Wang") == [
        Word("o", "o"),
        Word("connor", "connor"),
        Word("siobhan", "siobhán"),
        Word("王霞", "王霞"),
        Word("wang", "wang"),
    ]


EMMA = r.Customer(id="1", name="Emma Clarke", email="e.clarke77@example.com", company=r.Company(name="Northwind Traders"))
XIA = r.Customer(id="2", given_name="霞", family_name="王")


def match(record: r.Customer, text: str, rights: FindRights = ALL_WAYS) -> Match | None:
    return match_words(record, read_text(text, [None], [], rights), rights)


@pytest.mark.parametrize(
    ("record", "text", "by", "exact"),
    [
        (EMMA, "emma clarke", MatchedBy.NAME, True),
        (EMMA, "CLARKE  Emma", MatchedBy.NAME, True),
        (EMMA, "emmaclarke", MatchedBy.NAME, False),
        (EMMA, "emma", MatchedBy.NAME, False),
        (EMMA, "clrake", MatchedBy.NAME, False),
        (EMMA, "northwind", MatchedBy.COMPANY, False),
        (XIA, "王霞", MatchedBy.NAME, True),
        (XIA, "王", MatchedBy.NAME, False),
    ],
)
def test_who_is_meant(record: r.Customer, text: str, by: MatchedBy, exact: bool):
    found = match(record, text)
    assert found is not None
    assert (found.by, found.exact) == (by, exact)


@pytest.mark.parametrize("text", ["an", "li", "harold", "zz zz", "cl", "traitors of the north sea"])
def test_who_is_not_meant(text: str):
    """Two letters of which none is right are no near word."""
    found = match(r.Customer(id="3", name="Bo Ek", email="x@example.com"), text)
    assert found is None


def test_a_nearer_name_comes_first():
    """The whole name, then one with it and little else, then what begins so, what is one edit off, what has a part of it."""
    names = ["Clarke", "Emma Clarke", "Wilhelmina Clarke", "Emma Clarkeson", "Emma Clrake", "Emma Auclarkeau"]
    places = [own.place for name in names if (own := match(r.Customer(id="1", name=name), "clarke")) is not None]
    assert len(places) == len(names)
    assert places == sorted(places)


def test_only_what_may_be_read_is_compared():
    names = FindRights(fields=("name",))
    assert match(EMMA, "northwind", names) is None
    assert match(r.Customer(id="4", email="emma.clarke@example.com"), "emma clarke", names) is None
    assert match(EMMA, "clarke", names) is not None


def near_match(text: str, **fields: Any) -> Match | None:
    return match_words(r.Customer(id="c1", **fields), read_text(text, ["GB"], ["crm"], ALL_WAYS), ALL_WAYS)


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("emma.clarke@elsewhere.example", {"name": "Emma Clarke"}),
        ("Emma Clarke <emma.clarke@elsewhere.example>", {"name": "Emma Clarke"}),
        ("SO-1111 emma clarke", {"name": "Emma Clarke"}),
        ("emma clarke 2", {"name": "Emma Clarke"}),
        ("studio 54", {"name": "Studio"}),
        ("emma", {"name": "Emma Clarke", "given_name": "Emma"}),
        ("Maria da Silva dos Santos Oliveira Costa", {"name": "Maria da Silva dos Santos Oliveira Pereira"}),
        ("emma " + "a" * 41, {"name": "Emma"}),
        ("प्रय", {"name": "प्रिया"}),
        ("राम", {"name": "रीम"}),
    ],
)
def test_who_is_only_like_it_is_not_exact(text: str, fields: dict[str, Any]):
    """Somebody else's address or number, further words or digits, a part of the name, other vowels: none is the name."""
    match = near_match(text, **fields)
    assert match is None or not match.exact


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("54 STUDIO", {"name": "Studio 54"}),
        ("emma", {"name": "Emma"}),
        ("emma", {"given_name": "Emma"}),
        ("clarke, emma!", {"name": "E. M. Clarke", "given_name": "Emma", "family_name": "Clarke"}),
        ("Costa Maria da Silva dos Santos Oliveira", {"name": "Maria da Silva dos Santos Oliveira Costa"}),
        ("प्रिया", {"name": "प्रिया"}),
    ],
)
def test_a_whole_name_is_exact(text: str, fields: dict[str, Any]):
    match = near_match(text, **fields)
    assert match is not None
    assert match.exact


@pytest.mark.parametrize(
    "text",
    [
        "\u202a+44 20 7946 0001\u202c",
        "020 7946 0001\u200f",
        "٠٢٠٧٩٤٦٠٠٠١",
        "Tel: 020 7946 0001",
        "emma clarke, (020) 7946 0001.",
        "emma +44 20 79460001 clarke",
    ],
)
def test_a_number_is_read_wherever_it_stands(text: str):
    """With marks of direction around it, in digits of another script, among words. Its parts are nobody's ids."""
    typed = read_text(text, ["GB"], ["crm"], ALL_WAYS)
    assert "+442079460001" in typed.keys[KeyKind.PHONE]
    assert {"020", "7946", "0001", "20", "79460001"}.isdisjoint(typed.keys.get(KeyKind.CUSTOMER_ID, ()))


@pytest.mark.parametrize("text", ["000000", "0000001", "000 0077"])
def test_zeros_are_no_end_of_a_number(text: str):
    """Without them a digit or two would be left, which many numbers end in."""
    assert read_text(text, ["GB"], ["crm"], ALL_WAYS).digits == ""


def test_numbers_among_words_stay_ids():
    typed = read_text("order 1234 of 5678", ["GB"], ["crm"], ALL_WAYS)
    assert {"1234", "5678"} <= {*typed.keys[KeyKind.ORDER_NUMBER]}


def test_no_record_is_compared_without_end():
    """A name of a megabyte, or thousands of addresses, would hold the loop that all share."""
    long = "x " * 400_000 + "clarke"
    points = [r.ContactPoint(kind=r.ContactKind.EMAIL, value=f"{n}@example.com") for n in range(10_000)]
    points.append(r.ContactPoint(kind=r.ContactKind.EMAIL, value="clarke@example.com"))
    assert near_match("clarke", name=long, company=r.Company(name=long), email=long) is None
    assert near_match("clarke", name="Xx Yy", contact_points=points) is None
