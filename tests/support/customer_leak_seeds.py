"""Seeds of leaks of customers. Each takes away one place at which it is kept to of whom a caller may be told."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway.execution.source_fields import RecordListField
from gateway.lookups.sources import Sources
from gateway.stitching import accounts, admitted_customers, record_finder
from gateway.stitching.admission_rule import AdmissionRule
from gateway.stitching.row_rule import RowRule
from gateway.stitching.stitcher import Stitcher
from gateway.views import document_variants
from gateway.views.views import Views
from resolvers import query
from tests.support.leak_seeds import Seed, instead


def without_rule(holder: Any, *names: str) -> Seed:
    """Seed by a way in that forgets the rule of the request."""

    def seed(patch: pytest.MonkeyPatch) -> None:
        for name in names:
            patch.setattr(holder, name, _forgetting(getattr(holder, name)))

    return seed


def _forgetting(real: Callable[..., Any]) -> Callable[..., Any]:
    def find(stitcher: Stitcher, *given: Any, **named: Any) -> Any:
        return real(Stitcher(stitcher.router, stitcher.loaders), *given, **named)

    return find


async def admit_every_record(*_: Any) -> bool:
    return True


def admit_all(customers: Any, _rule: Any) -> list[Any]:
    return [*customers]


def name_without_sources(real: Callable[..., Any]) -> Callable[..., Any]:
    def name_variant(*given: Any) -> Any:
        name = real(*given)
        return None if name is None or not name[0] else name[:2]

    return name_variant


def route_as_first(patch: pytest.MonkeyPatch) -> None:
    """Share plans between callers of other sources, and keep to the sources of the first. Either alone leaks nothing."""
    name, real = document_variants._variant_name, RecordListField.asked
    routed: dict[Any, Any] = {}

    def ask(self: RecordListField, run: Any) -> Any:
        return real(self, run) if self._arguments.names else routed.setdefault(self, real(self, run))

    patch.setattr(document_variants, "_variant_name", name_without_sources(name))
    patch.setattr(RecordListField, "asked", ask)


class NeverRaisedError(Exception):
    """Stands for an error that is not treated as what it is."""


def keep_last_rule(patch: pytest.MonkeyPatch) -> None:
    """Have each request keep to the rule of the one before."""
    real, rules = Views.confine, list[Any]()

    def confine(self: Views, context: Any, *given: Any) -> Any:
        hidden = real(self, context, *given)
        rules.append(context.stitcher.rule)
        context.stitcher = Stitcher(context.stitcher.router, context.stitcher.loaders, rules[-2:][0])
        return hidden

    patch.setattr(Views, "confine", confine)


def admit_for_any_purpose(self: AdmissionRule, customer: Any) -> bool:
    return self.rows is None or self.rows.admits(customer)


SEEDS: dict[str, Seed] = {
    "one customer is not judged": without_rule(query, "find_admitted", "find_admitted_by_id"),
    "customers by keys are not judged": without_rule(query, "find_all_admitted"),
    "customers by ids are not judged": without_rule(query, "find_all_admitted_by_id"),
    "nodes are not judged": without_rule(record_finder, "find_admitted_node"),
    "records by their ids are not judged": instead(record_finder, "is_record_admitted", admit_every_record),
    "members are not judged": instead(accounts, "admit_those", admit_all),
    "searches are not judged": without_rule(query, "search_customers"),
    "accounts are not judged": instead(RowRule, "admits_account", lambda *_: True),
    "records are asked for before the customer is judged": instead(Stitcher, "expected_ids", Stitcher.own_ids),
    "candidates are not judged": instead(admitted_customers, "AmbiguousIdentityError", NeverRaisedError),
    "all sources are asked": instead(Sources, "only", lambda self, _names: self),
    "plans are for all sources": route_as_first,
    "a rule is that of the request before": keep_last_rule,
    "all purposes are one": instead(AdmissionRule, "admits", admit_for_any_purpose),
}
