"""Calibrate the scores of a pack on the population of its sources."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from connectors.errors import ConfigurationError
from gateway.app import opened
from gateway.calibration.calibration_plan import CalibrationPlan, plan_calibration
from gateway.calibration.drift import ScoreDrift, find_drift
from gateway.calibration.population_sample import PopulationSample, Progress, fill_sample
from gateway.calibration.sample_state import SampleStateFile, resume_sample
from gateway.calibration.score_figures import FiguresFinder
from gateway.population.walk import BATCH
from gateway.scores.calibration_file import Calibration, version_of
from gateway.services import Services

MAX_LEFT_OUT = 0.05
"""With a larger share of unknown facts those who are left out may be others than those who are not."""


class CalibrationRun(NamedTuple):
    """A calibration, how far the population has moved from the one before, and what it took: calls by source, and seconds."""

    calibration: Calibration
    drift: list[ScoreDrift]
    calls: dict[str, int] = {}
    walk_s: float = 0.0
    fit_s: float = 0.0


async def calibrate_scores(
    services: Services,
    at: datetime | None,
    progress: Progress,
    *,
    states: SampleStateFile | None = None,
    before: Calibration | None = None,
    batch: int = BATCH,
) -> CalibrationRun:
    """Walk over the population, and find the figures of all scores.

    Raises `ConfigurationError` where there is nothing to calibrate or no customer to learn from, and as `walk_customers`.
    """
    states = states or SampleStateFile(None)
    state = states.read()
    plan = plan_calibration(services.tags.pack, services.clock.reference() if state is None else state.now, at)
    sample = PopulationSample(plan.columns)
    if state is not None:
        resume_sample(sample, state)

    def advance(own: PopulationSample) -> None:
        states.save(own, plan.now, services.clock.monotonic())
        progress(own)

    scored = {key for key, tag in services.tags.pack.tags.items() if tag.score_names}
    began = services.clock.monotonic()
    async with opened(services):
        await fill_sample(services, sample, batch, advance, scored)
    walked = services.clock.monotonic()
    if not len(sample):
        raise ConfigurationError(["calibrate: the sources list no customer whose facts may be used"])
    run = find_calibration(services, plan, sample, before)
    states.remove()
    calls = {source.name: source.statistics.calls.total() for source in services.sources.all}
    return run._replace(calls=calls, walk_s=walked - began, fit_s=services.clock.monotonic() - walked)


def find_calibration(
    services: Services, plan: CalibrationPlan, sample: PopulationSample, before: Calibration | None
) -> CalibrationRun:
    """Find the figures in a sample that is full."""
    finder = FiguresFinder(services.tags.pack, plan, sample)
    scores = {target.name: finder.find(target) for target in plan.targets if target.card is None}
    scorecards = {target.name: finder.find(target) for target in plan.targets if target.card is not None}
    calibration = Calibration(
        version=version_of(plan.now, scores, scorecards),
        created_at=services.clock.now(),
        customers=sample.counts.customers,
        sampled=len(sample),
        left_out=sample.counts.left_out,
        notes=_notes(sample),
        scores=scores,
        scorecards=scorecards,
    )
    return CalibrationRun(calibration, [] if before is None else find_drift(before, plan, finder))


def _notes(sample: PopulationSample) -> list[str]:
    notes = []
    counts = sample.counts
    if len(sample) < counts.customers:
        notes.append(f"The figures rest on {len(sample):,} of {counts.customers:,} customers, chosen by a digest of their ids.")
    if counts.withheld:
        notes.append(f"{counts.withheld:,} customers are not in it: they may not be used for what the tags are for.")
    if counts.partial:
        notes.append(
            f"Of {counts.partial:,} of {counts.customers:,} customers a fact is partial, such as a sum without amounts that "
            "have no rate. They are left out of the scores that read it."
        )
    if counts.left_out > MAX_LEFT_OUT * counts.customers:
        notes.append(
            f"Of {counts.left_out:,} of {counts.customers:,} customers a fact is unknown or partial: a source could not be "
            "asked, or does not give it, or something is left out. They may be others than the rest."
        )
    return notes
