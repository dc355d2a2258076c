"""Estimate on the records themselves what each degree of agreement says, and how likely two records are one person.

The method is that of Fellegi and Sunter, as Splink computes it: a level's weight is log2(m / u), where m is how often
one person's records agree so and u how often two people's do. Two runs over the same records give the same figures.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from gateway.linkage.comparisons import BLOCKS, CERTAIN, COMPARISONS, TRAINING, Comparison, comparison_settings
from gateway.linkage.linkage_table import LinkageTable, import_splink
from gateway.linkage.person_row import PersonRow

SEED = 1

MAX_RANDOM_PAIRS, MAX_TRAINING_PAIRS = 2_000_000, 1_000_000
"""Pairs over which u, and m in each block, are estimated, at most."""

ITERATIONS = (25, 8, 2)
"""How many iterations an estimate takes at most, one try after the other."""

MIN_TRAINING_PAIRS = 20
"""Blocks with fewer pairs are left out of the estimate."""

MIN_RECORDS = 10
"""A field that fewer records have is not compared."""

CERTAIN_SHARE = 0.8
"""Which share of the pairs that are one person stands in the blocks of `CERTAIN`."""

MIN_M = 0.005
"""No agreement or difference is so rare with one person's records that it alone decides: what was never seen may come."""


class LinkageModel:
    """A trained model over the table of people. `across_sources` compares records of different sources alone."""

    def __init__(self, table: LinkageTable, *, across_sources: bool) -> None:
        self._table = table
        self._trained: dict[str, Any] = {}
        self._pair = "l.component <> r.component" + (" AND l.source <> r.source" if across_sources else "")
        self._apart = "l.source <> r.source" if across_sources else "true"
        self.compared = [own for own in COMPARISONS if self._is_filled(own)]
        logging.getLogger("splink").setLevel(logging.ERROR)

    def train(self) -> None:
        """Estimate the parameters: u over random pairs, m as the mean of what each block of `TRAINING` gives."""
        linker = self._linker(self._settings())
        linker.training.estimate_u_using_random_sampling(max_pairs=MAX_RANDOM_PAIRS, seed=SEED)
        settings = linker.misc.save_model_to_json()
        blocks = [block for block in TRAINING if self._count_pairs(block) >= MIN_TRAINING_PAIRS]
        estimates = [estimate for block in blocks if (estimate := self._estimate(settings, block)) is not None]
        self._trained = _bounded(_averaged(settings, estimates), 1 / self._random_pairs())

    def _estimate(self, settings: dict[str, Any], block: str) -> dict[str, Any] | None:
        """Estimate m over the pairs of a block, of what does not make the block. None where that cannot be done.

        In Splink the m of a level that no match has underflows where people are told apart easily, which is an error: fewer
        iterations are enough then.
        """
        same = " AND ".join(f"l.{column} = r.{column}" for column in TRAINING[block])
        rule = f"{same} AND l.block_{block} = r.block_{block} AND {self._apart}"
        for iterations in ITERATIONS:
            linker = self._linker(settings | {"max_iterations": iterations})
            with suppress(ValueError):
                linker.training.estimate_parameters_using_expectation_maximisation(rule, max_pairs=MAX_TRAINING_PAIRS)
                estimate: dict[str, Any] = linker.misc.save_model_to_json()
                return estimate
        return None

    def predict(self, threshold: float) -> None:
        """Write the table `proposed`: the pairs of different components over a probability, ranked, the likeliest first.

        Of each two components it has the best pair, and `proposed_members` has their records as a group. A row has the
        numbers of the records and their components, the probability, and of each comparison the degree and its weights.
        """
        linker = self._linker(self._trained)
        predicted = linker.inference.predict(threshold_match_probability=threshold).physical_name
        order = "match_weight DESC, number_l, number_r"
        self._table.connection.execute(
            f"""
            CREATE TABLE proposed AS
            SELECT predicted.*, one.component AS component_l, other.component AS component_r,
                row_number() OVER (ORDER BY {order}) AS rank
            FROM {predicted} AS predicted
            JOIN members AS one ON number_l = one.number JOIN members AS other ON number_r = other.number
            QUALIFY row_number() OVER (
                PARTITION BY least(component_l, component_r), greatest(component_l, component_r) ORDER BY {order}
            ) = 1;
            CREATE TABLE proposed_members AS
            SELECT number, rank AS first FROM proposed JOIN members ON component = component_l
            UNION ALL SELECT number, rank FROM proposed JOIN members ON component = component_r
            """
        )

    def read_proposed(self) -> Iterator[dict[str, Any]]:
        """Read the proposed pairs in order, with the records' sources, ids and values, each with `_l` and `_r`."""
        names = ("source", "id", *PersonRow._fields)
        columns = ["rank", "match_probability", "match_weight", *self._weight_columns()]
        sides = [f"{'one' if side == 'l' else 'other'}.{name} AS {name}_{side}" for side in "lr" for name in names]
        statement = (
            f"SELECT {', '.join([*(f'proposed.{column}' for column in columns), *sides])} FROM proposed "
            "JOIN records AS one ON number_l = one.number JOIN records AS other ON number_r = other.number ORDER BY rank"
        )
        labels = [*columns, *(f"{name}_{side}" for side in "lr" for name in names)]
        for row in self._table.rows(statement):
            yield dict(zip(labels, row, strict=True))

    def _settings(self) -> dict[str, Any]:
        return {
            "link_type": "dedupe_only",
            "unique_id_column_name": "number",
            "probability_two_random_records_match": self._prior(),
            "comparisons": [comparison_settings(own) for own in self.compared],
            "blocking_rules_to_generate_predictions": [
                {"blocking_rule": f"l.block_{block} = r.block_{block} AND {self._pair}"} for block in BLOCKS
            ],
            "retain_intermediate_calculation_columns": True,
        }

    def _linker(self, settings: dict[str, Any]) -> Any:
        splink = import_splink()
        people = splink.DuckDBAPI(self._table.connection).register("people")
        return splink.Linker(people, settings, log_level=None)

    def _is_filled(self, comparison: Comparison) -> bool:
        filled = " OR ".join(f"{column} IS NOT NULL" for column in comparison.columns)
        return self._table.count_rows("people", filled) >= MIN_RECORDS

    def _count_pairs(self, *blocks: str) -> int:
        """Count the pairs that stand in one of the blocks."""
        pairs = " UNION ".join(
            f"SELECT l.number, r.number FROM people AS l JOIN people AS r USING (block_{block}) "
            f"WHERE l.number < r.number AND {self._apart}"
            for block in blocks
        )
        return self._table.count_rows(f"({pairs})")

    def _random_pairs(self) -> int:
        return min(MAX_RANDOM_PAIRS, self._table.count * (self._table.count - 1) // 2)

    def _prior(self) -> float:
        """Say how likely two records are one person, of whom nothing is known."""
        pairs = self._table.count * (self._table.count - 1) / 2
        return min(0.5, max(1.0, self._count_pairs(*CERTAIN)) / CERTAIN_SHARE / pairs)

    def _weight_columns(self) -> Sequence[str]:
        columns = []
        for own in self.compared:
            columns += [f"gamma_{own.name}", f"mw_{own.name}"]
            columns += [f"mw_tf_adj_{own.name}"] if any(level.frequency for level in own.levels) else []
        return columns


def _averaged(settings: dict[str, Any], estimates: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Give each level the mean of its m in those estimates that have one."""
    for place, comparison in enumerate(settings["comparisons"]):
        for number, level in enumerate(comparison["comparison_levels"]):
            levels = [estimate["comparisons"][place]["comparison_levels"][number] for estimate in estimates]
            known = [own["m_probability"] for own in levels if isinstance(own.get("m_probability"), float)]
            if known:
                level["m_probability"] = sum(known) / len(known)
    return settings


def _bounded(settings: dict[str, Any], min_u: float) -> dict[str, Any]:
    """Keep the parameters of levels away from 0: what was never seen is rare, and not impossible.

    A comparison of which nothing was estimated keeps Splink's defaults.
    """
    for comparison in settings["comparisons"]:
        levels = [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]
        for name, least in (("m_probability", MIN_M), ("u_probability", min_u)):
            if any(isinstance(level.get(name), float) for level in levels):
                for level in levels:
                    seen = level.get(name)
                    level[name] = max(least, seen) if isinstance(seen, float) else least
    return settings
