"""Match columns to fields: by what they are called, and by what they hold."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from connectors.catalogue import CatalogueColumn, ColumnKind
from gateway.onboarding.column_checks import CHECKS, Fit
from gateway.onboarding.column_reach import name_words
from gateway.onboarding.countries import COUNTRY_CODES, ISO_CODES
from gateway.onboarding.enum_words import ENUM_KINDS, translate_words
from gateway.onboarding.field_specs import SPECS, FieldSpec
from gateway.onboarding.proposal import Confidence, Evidence, FieldProposal, ReachedColumn, TableJoin, ValueForm
from gateway.onboarding.table_words import singular, table_words
from gateway.onboarding.value_shapes import count_words, is_email

MONEY = ("money", "amount")
PARTS_OF_OTHERS = frozenset(
    (
        *("address_line", "address_postal_code", "address_city", "address_region", "address_country", "phone"),
        *("name", "sku", "brand", "category"),
    )
)
"""Fields that a column of an address or of a product may be. Its price today and its stock are none of the order's."""
_HOLDERS = frozenset(
    (
        *("contact", "contacts", "address", "home", "profile", "personal", "person", "details", "info", "data", "attributes"),
        *("primary", "main", "default", "location", "total", "price", "sum", "money", "amount", "dates", "times", "timestamps"),
    )
)
"""What holds other values in documents, and says nothing of what they are."""
_CENTS = ("cents", "cent", "minor", "pence", "centavos", "grosze")
_MINOR_UNITS = {"in", "amt", "usd", "eur", "gbp"}
_SIDES = (("shop", "store"), ("pres", "presentment"))
"""In whose currency an amount is that is stored twice: the seller's comes first, then the buyer's."""
BUYER_WORDS = frozenset(_SIDES[1])
_SETS = ("set", "money", "bag")
"""What amounts that are stored twice are in."""


class _Candidate(NamedTuple):
    rank: int
    steps: int
    reached: ReachedColumn
    fit: Fit


def match_fields(
    record: str, table: str, columns: Sequence[ReachedColumn], taken: Collection[str] = ()
) -> dict[str, FieldProposal]:
    """Propose the fields of a record or list, by their columns in its query. A column becomes one field at most.

    Columns of the table itself come before those of others. `taken` are columns of the table that are used already.
    """
    used: set[tuple[str, tuple[TableJoin, ...]]] = {(own, ()) for own in taken}
    found: dict[str, FieldProposal] = {}
    prefixes = [*_prefixes(table), *_shared_prefix(columns)]
    for spec in SPECS[record]:
        candidates = [
            own
            for reached in columns
            if (reached.column.name, reached.joins) not in used and (own := _candidate(spec, reached, prefixes)) is not None
        ]
        if not candidates:
            continue
        best = min(candidates, key=lambda own: own[:2])
        rivals = [own for own in candidates if own[:2] == best[:2] and own.reached.column != best.reached.column]
        found[spec.field] = _proposal(spec, best, rivals)
        used.add((best.reached.column.name, best.reached.joins))
    return found


def _prefixes(table: str) -> list[tuple[str, ...]]:
    """List what columns of a table may begin with and mean nothing by: `order_status` in `orders` is `status`."""
    words = [singular(word) for word in table_words(table)]
    return [tuple(words[start:end]) for start in range(len(words)) for end in range(len(words), start, -1)]


def _shared_prefix(columns: Sequence[ReachedColumn]) -> list[tuple[str, ...]]:
    """Find the word that most columns of a table begin with, as in exports: it means nothing."""
    first = [own.words[0] for own in columns if not own.joins and len(own.words) > 1]
    word = max(dict.fromkeys(first), key=first.count, default="")
    return [(singular(word),)] if first.count(word) >= 5 and first.count(word) * 2 > len(first) else []


def _candidate(spec: FieldSpec, reached: ReachedColumn, prefixes: Sequence[tuple[str, ...]]) -> _Candidate | None:
    ranks = [_rank_of(spec, words, prefixes if not reached.joins else []) for words in _spoken(reached)]
    rank = min((own for own in ranks if own is not None), default=None)
    if rank is None and spec.check in MONEY and any(word in _CENTS for word in reached.words):
        rank = _rank_of(spec, tuple(word for word in reached.words if word not in {*_CENTS, *_MINOR_UNITS}), prefixes)
    if rank is None and spec.check in MONEY:
        rank = _rank_of_side(spec, reached.words, prefixes)
    if rank is None or (reached.joins and not reached.is_label and spec.field not in PARTS_OF_OTHERS):
        return None
    fit = CHECKS[spec.check](reached.column)
    return _Candidate(rank, len(reached.joins), reached, fit) if fit else None


def _spoken(reached: ReachedColumn) -> list[tuple[str, ...]]:
    """List what a column may be called. A path is also called as its end, behind what only holds it, or from its end on.

    `contact.email` is an e-mail address, `name.first` a first name.
    """
    *holders, end = map(name_words, reached.column.name.split("."))
    found = [reached.words]
    if holders and len(reached.words) == len(end) + sum(map(len, holders)):
        found += [end] if all(len(own) == 1 and own[0] in _HOLDERS for own in holders) else []
        found += [(*end, *holders[-1])]
    return found


def _rank_of(spec: FieldSpec, words: tuple[str, ...], prefixes: Sequence[tuple[str, ...]]) -> int | None:
    """Rank a column by its name: 0 is the likeliest name of the field. None where it is not called so."""
    spoken = {" ".join(words)} | {
        " ".join(words[len(prefix) :])
        for prefix in prefixes
        if len(words) > len(prefix) and tuple(singular(word) for word in words[: len(prefix)]) == prefix
    }
    return next((rank for rank, alike in enumerate(spec.names) if not spoken.isdisjoint(alike)), None)


def _rank_of_side(spec: FieldSpec, words: tuple[str, ...], prefixes: Sequence[tuple[str, ...]]) -> int | None:
    """Rank an amount that is there in the seller's and in the buyer's currency: `total_price_set_shop_amount`."""
    sides = [place for place, own in enumerate(_SIDES) if not set(own).isdisjoint(words)]
    if words[-1:] != ("amount",) or len(sides) != 1:
        return None
    left_out = {*_SETS, *_SIDES[sides[0]]}
    rank = _rank_of(spec, tuple(word for word in words[:-1] if word not in left_out), prefixes)
    return None if rank is None else rank + len(spec.names) * (1 + sides[0])


def _proposal(spec: FieldSpec, best: _Candidate, rivals: Sequence[_Candidate]) -> FieldProposal:
    column = best.reached.column
    evidence = [Evidence.NAME]
    evidence += [Evidence.DATA] if best.fit is Fit.SHOWN else []
    evidence += [Evidence.DECLARED] if best.fit is Fit.TYPED or best.reached.joins else []
    confidence = Confidence.SURE if len(evidence) > 1 and best.rank == 0 else Confidence.LIKELY
    note = None
    if rivals:
        others = ", ".join(dict.fromkeys(own.reached.column.name for own in rivals))
        confidence, note = Confidence.UNSURE, f"or {others}?"
    own = FieldProposal(field=spec.field, reached=best.reached, confidence=confidence, evidence=evidence, note=note)
    return _formed(spec, column, own)


def _formed(spec: FieldSpec, column: CatalogueColumn, own: FieldProposal) -> FieldProposal:
    """Say what is to be done with the values: words translated, addresses in lower case, cents divided."""
    change = _changes(spec, column)
    if not change:
        return own
    confidence = change.get("confidence", own.confidence)
    if own.confidence is Confidence.UNSURE:
        change = {**change, "confidence": own.confidence, "note": own.note}
    else:
        change = {**change, "confidence": confidence}
    return FieldProposal(**{name: getattr(own, name) for name in own.__struct_fields__} | change)


def _changes(spec: FieldSpec, column: CatalogueColumn) -> dict[str, object]:
    if spec.check in ENUM_KINDS:
        return _translated(spec.check, column)
    if spec.field == "address_country":
        return _country_changes(column)
    if spec.check == "email" and any(is_email(value) and value != value.lower() for value in column.values):
        return {"form": ValueForm.LOWER}
    if spec.check in MONEY:
        return _money_changes(column)
    return {}


def _money_changes(column: CatalogueColumn) -> dict[str, object]:
    words = name_words(column.name)
    if any(word in _CENTS for word in words):
        return {"form": ValueForm.CENTS} if column.kind is not ColumnKind.FLOAT else {"confidence": Confidence.UNSURE}
    if column.kind is ColumnKind.INTEGER:
        return {"confidence": Confidence.UNSURE, "note": "whole numbers: units or cents?"}
    if column.kind is ColumnKind.FLOAT:
        return {"note": "binary numbers hold 15 digits; use decimals"}
    return {}


def _translated(kind: str, column: CatalogueColumn) -> dict[str, object]:
    words = count_words(column.values)
    known = translate_words(kind, words)
    unmapped = {word: count for word, count in words.items() if word not in known}
    if not words:
        return {"confidence": Confidence.UNSURE, "note": "no words to translate yet"}
    return {"form": ValueForm.WORDS, "words": known, "unmapped": unmapped}


def _country_changes(column: CatalogueColumn) -> dict[str, object]:
    texts = {str(value).strip() for value in column.values}
    if not texts or all(text.upper() in ISO_CODES for text in texts):
        return {}
    known = {text: text.upper() if text.upper() in ISO_CODES else COUNTRY_CODES.get(text.casefold(), "") for text in texts}
    words = {text: code for text, code in sorted(known.items()) if code}
    return {"form": ValueForm.WORDS, "words": words}
