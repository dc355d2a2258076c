"""Run the check of a configuration: validate it, ask its sources, and report all problems at once."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from connectors.contract import Connector
from connectors.errors import ConfigurationError
from gateway.app import create_services, opened
from gateway.check.audit_checks import find_spool_problems
from gateway.check.caller_checks import find_unknown_callers
from gateway.check.configuration import CheckedConfiguration, validate_configuration, validate_faults
from gateway.check.data_checks import DataReport, check_data
from gateway.check.fact_fields import find_unknown_facts
from gateway.check.problems import Problem, in_order, problem_without_place, read_setting_text, split_fix, without_consequences
from gateway.check.redaction import Redaction
from gateway.check.replaced_thresholds import find_replaced_thresholds
from gateway.check.report import Report, summarise_listings, summarise_lookups
from gateway.check.sampler import Advance, Sampler
from gateway.check.settings_file import TomlFile
from gateway.check.source_questions import ask_sources
from gateway.check.tag_places import TagPlaces, find_uncalibrated
from gateway.check.tag_reviews import find_due_reviews
from gateway.clock import Clock
from gateway.explain import unreadable_values
from gateway.settings import SourceSettings, environment_variables
from gateway.settings.document import SettingsDocument, fill_in
from gateway.tags.definitions import Pack
from gateway.tags.pack import read_sound_facts


class Check(NamedTuple):
    """The report; how the sources are called whose settings are sound; the faults that would be active, in words."""

    report: Report
    called: Mapping[str, SourceSettings]
    faults: str | None = None


async def check(
    config: Path,
    faults: Path | None = None,
    customers: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    *,
    rows: int = 0,
    advance: Advance = lambda _: None,
) -> Check:
    """Check a settings file, all that it names, and a file of faults. `customers` are read, to see what cannot be.

    Of each lookup so many `rows` are looked at; `advance` is told the source of each.
    """
    variables = environment_variables() if environment is None else environment
    try:
        file = TomlFile(config, "--config")
    except ConfigurationError as error:
        return Check(Report(_unreadable(config, error), lookups=()), {})
    if file.document is None:
        return Check(Report(problems=file.syntax_problems, lookups=()), {})
    read = fill_in(file.document, variables)
    configuration = validate_configuration(file, read)
    problems = [*file.syntax_problems, *configuration.problems]
    sources = read.document.get("sources")
    active = None
    if faults is not None:
        names = list(sources) if isinstance(sources, Mapping) else []
        active, further = _check_faults(faults, names, configuration.connectors)
        problems += further
    hidden = Redaction(read, variables)
    asked = [_place(text, file, read) for text in await ask_sources(configuration.connectors, configuration.store)]
    problems += map(hidden.hide, asked)
    data = await _check_data(configuration, problems, Sampler(Clock(), rows, _phone_regions(configuration)), advance)
    tag_file = _tag_file(file, read)
    places = TagPlaces(tag_file)
    found_last = _find_unknown(configuration, read, tag_file, places.lines)
    if tag_file is not None:
        found_last = [*found_last, *find_due_reviews(tag_file, places.lines, Clock().now().date())]
        found_last = [*found_last, *find_replaced_thresholds(tag_file, places.lines)]
    settings = configuration.settings
    unknown = [] if settings is None or settings.lacks_key_store else await find_unknown_callers(settings, Clock())
    found_last = [*found_last, *find_uncalibrated(configuration.settings)]
    warned = [found for found in (*data.warnings, *found_last, *unknown) if not places.is_shipped(found)]
    warnings = [_place_found(found, file, read, places) for found in warned]
    in_spool = [] if settings is None else find_spool_problems(settings)
    problems += [_place_found(found, file, read, places) for found in (*data.problems, *in_spool)]
    if customers and problems:
        warnings.append(Problem(None, None, "", "no customer was read, as there are problems", "correct these first"))
    elif customers:
        problems += await _read_customers(configuration, customers)
    lookups = summarise_lookups(configuration.connectors)
    report = Report(
        in_order(without_consequences(problems)),
        lookups,
        warnings=in_order(warnings),
        samples=data.samples,
        reach=data.reach,
        listings=summarise_listings(configuration.connectors),
    )
    return Check(report, configuration.called, active)


def _place(text: str, file: TomlFile, read: SettingsDocument) -> Problem:
    setting = read_setting_text(text)
    return problem_without_place(text) if setting is None else file.problem_of(setting, read)


def _place_found(found: Problem, file: TomlFile, read: SettingsDocument, places: TagPlaces) -> Problem:
    """Give a finding the file and line of its setting."""
    found = places.place_finding(found)
    return found if found.file else _place(f"{found.path}: {found.message}; {found.fix}", file, read)


async def _check_data(
    configuration: CheckedConfiguration, problems: Sequence[Problem], sampler: Sampler, advance: Advance
) -> DataReport:
    """Sample the sources without a problem so far. They are compared with each other where all is well."""
    sound = [own for own in configuration.connectors if not any(_is_about(problem, own.name) for problem in problems)]
    if not sampler.rows or not sound:
        return DataReport((), (), ())
    if problems or configuration.settings is None:
        return await check_data(sound, Pack(facts={}, tags={}), None, sampler, advance=advance)
    named = configuration.settings.tags.file
    services = create_services(configuration.settings, connectors=sound)
    file, router = named.name if named else None, services.router
    pack = services.tags.pack
    return await check_data(sound, pack, file, sampler, router.customers, advance=advance, joined=router.orders.rank)


def _tag_file(file: TomlFile, read: SettingsDocument) -> Path | None:
    table = read.document.get("tags")
    named = table.get("file") if isinstance(table, Mapping) else None
    return file.folder / named if isinstance(named, str) else None


def _find_unknown(
    configuration: CheckedConfiguration, read: SettingsDocument, path: Path | None, lines: Mapping[str, int]
) -> list[Problem]:
    """Find facts that no source can give, where all sources are sound: one that is not may have what they need.

    The shipped tags are of no owner who could change them, and go with sources of any kind.
    """
    if path is None:
        return []
    blocks = read.document.get("sources", {})
    if any(_is_about_sources(problem) for problem in configuration.problems) or len(configuration.connectors) < len(blocks):
        return []
    try:
        return find_unknown_facts(read_sound_facts(path), configuration.connectors, path.name, lines)
    except ConfigurationError:
        return []  # which the problems say


def _is_about_sources(problem: Problem) -> bool:
    return f"{problem.path}.".startswith("sources.") or problem.path.startswith("GATEWAY_SOURCES")


def _is_about(problem: Problem, source: str) -> bool:
    return f"{problem.path}.".startswith(f"sources.{source}.")


def _phone_regions(configuration: CheckedConfiguration) -> Mapping[str, str | None]:
    return {} if configuration.settings is None else configuration.settings.phone_regions


def _check_faults(path: Path, names: Sequence[str], connectors: Sequence[Connector[Any]]) -> tuple[str | None, list[Problem]]:
    try:
        settings, problems = validate_faults(TomlFile(path, "--faults"), names, connectors)
    except ConfigurationError as error:
        return None, _unreadable(path, error)
    if problems or settings is None:
        return None, problems
    return f"{len(settings.faults)} fault(s) on {', '.join(settings.sources)} where serve has --faults {path}", []


def _unreadable(path: Path, error: ConfigurationError) -> list[Problem]:
    """Write the problems of a file that cannot be read at all."""
    return [Problem(path.name, None, "", *split_fix(text.removeprefix(f"{path.name}: "))) for text in error.problems]


async def _read_customers(configuration: CheckedConfiguration, customers: Sequence[str]) -> list[Problem]:
    assert configuration.settings is not None
    async with opened(create_services(configuration.settings)) as services:
        return [problem_without_place(text) for text in await unreadable_values(services, customers)]
