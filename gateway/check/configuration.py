"""Validate a whole configuration: settings, sources, tags, store and faults. No mistake hides another one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path as FilePath
from typing import Any, NamedTuple

from connectors.contract import Connector
from connectors.errors import ConfigurationError
from connectors.records import BirthDates
from gateway.actions.action_checks import find_action_problems
from gateway.check.order_checks import find_without_orders
from gateway.check.problems import Problem, problem_without_place, read_file_text, read_setting_text
from gateway.check.settings_file import TomlFile
from gateway.clock import Clock
from gateway.documents.trusted_documents import load_documents
from gateway.execution.schema_types import core_schema
from gateway.lookups.connector_registry import build_connector, connector_kinds, validate_block
from gateway.replay.fault_settings import Fault, FaultSettings, find_aim_problem, lookups_of
from gateway.scores.calibration_file import read_calibration
from gateway.settings import MongoSettings, Settings, SourceSettings, with_folder
from gateway.settings.document import SettingsDocument
from gateway.settings.paths import Path, at, without
from gateway.settings.settings import find_access_problems
from gateway.settings.validation import SettingProblem, validate
from gateway.store.store import Store
from gateway.tags.pack import load_pack
from resolvers.schema import schema_of


class CheckedConfiguration(NamedTuple):
    """What is sound of a configuration, and the problems of the rest.

    `settings` are None where too little of them is sound. `connectors` are those of sources that can be asked: for
    their sound records. `called` says how these are called, where that is sound, too.
    """

    settings: Settings | None
    called: Mapping[str, SourceSettings]
    connectors: Sequence[Connector[Any]]
    store: Store | None
    problems: Sequence[Problem]


def validate_configuration(file: TomlFile, read: SettingsDocument) -> CheckedConfiguration:
    """Validate the settings in a file and in the environment, and the tags that they name."""
    unset = [*read.unset, *file.unset]
    settings, found = validate(Settings, read.document, unset=unset)
    found = [*found, *find_access_problems(settings, read.document)]
    problems = [file.problem(problem, read) for problem in (*read.problems, *found)]
    connectors: list[Connector[Any]] = []
    blocks = read.document.get("sources")
    unsound = {problem.path for problem in found}
    for name, block in blocks.items() if isinstance(blocks, Mapping) else ():
        if isinstance(block, Mapping) and isinstance(block.get("kind"), str):
            connector, further = _validate_source(name, block, unset)
            problems += [file.problem(problem, read) for problem in further]
            connectors += [] if connector is None or ("sources", name) in unsound else [connector]
    if settings is not None:
        sound = [own for own in connectors if not any(f"{told.path}.".startswith(f"sources.{own.name}.") for told in problems)]
        problems += [file.problem(problem, read) for problem in find_without_orders(settings.order.priority, sound)]
        problems += _validate_schema(settings, file, read)
        problems += _validate_documents(with_folder(settings, file.folder), file, read)
        problems += _validate_actions(with_folder(settings, file.folder), file, read)
    store, in_store = _validate_store(file, read, unset)
    problems += [*in_store, *_validate_tags(file, read, unset)]
    whole = None if settings is None else with_folder(settings, file.folder)
    called = _called(settings, connectors, [*unset, *unsound])
    return CheckedConfiguration(whole, called, connectors, store, problems)


def _called(
    settings: Settings | None, connectors: Sequence[Connector[Any]], unsound: Sequence[Path]
) -> dict[str, SourceSettings]:
    wrong = {path[1] for path in unsound if path[:1] == ("sources",) and path[2:3] and path[2] in SourceSettings.model_fields}
    names = [connector.name for connector in connectors if connector.name not in wrong]
    return {} if settings is None else {name: settings.sources[name] for name in names if name in settings.sources}


def validate_faults(
    file: TomlFile, names: Iterable[str], connectors: Iterable[Connector[Any]]
) -> tuple[FaultSettings | None, list[Problem]]:
    """Validate a file of faults for the sources of these names. What has a connector is asked for its lookups."""
    problems = list(file.syntax_problems)
    if file.document is None:
        return None, problems
    settings, found = validate(FaultSettings, file.document, unset=file.unset)
    problems += [file.problem(problem) for problem in found]
    known = dict.fromkeys(names) | {connector.name: lookups_of(connector) for connector in connectors}
    faults = file.document.get("faults")
    for number, table in enumerate(faults if isinstance(faults, list) else ()):
        fault, wrong = validate(Fault, table)
        aim = None if wrong or fault is None else find_aim_problem(fault, known)
        if aim is not None:
            problems.append(file.problem(SettingProblem(("faults", number, *aim.path), aim.message)))
    return settings, problems


def _validate_source(
    name: str, block: Mapping[str, Any], unset: Sequence[Path]
) -> tuple[Connector[Any] | None, list[SettingProblem]]:
    """Validate the connector's part of a source, and build the connector of its sound records."""
    own = {key: value for key, value in block.items() if key not in SourceSettings.model_fields}
    unknown = [path[2:] for path in unset if path[:2] == ("sources", name)]
    inner = [path for path in unknown if path[:1] and path[0] not in SourceSettings.model_fields]
    try:
        kinds = connector_kinds({block["kind"]})
    except ConfigurationError as error:
        return None, [SettingProblem(("sources", name, "kind"), text) for text in error.problems]
    if ("kind",) in unknown or () in unknown:
        return None, []
    validated = validate_block(kinds, name, block["kind"], own, inner)
    problems = [*validated.problems]
    settings = validated.settings
    unsound = [*(problem.path[2:] for problem in problems), *inner]
    if unsound:
        if not all(len(path) > 1 and path[0] == "records" for path in unsound):
            return None, problems
        settings, further = validate_block(kinds, name, block["kind"], _sound_records(own, unsound))
        if further:
            return None, problems
    connector, found = build_connector(kinds[block["kind"]], name, settings, own)
    if connector is not None:
        connector.birth_dates = next((own for own in BirthDates if own == block.get("birth_dates")), None)
    return connector, [*problems, *found]


def _sound_records(block: Mapping[str, Any], unsound: Sequence[Path]) -> Any:
    """Leave out what cannot be asked: a key or a list that is wrong by itself; else the whole record."""
    parts = {path[:4] for path in unsound if path[2:3] in (("keys",), ("lists",)) and len(path) > 3}
    whole = {path[:2] for path in unsound if path[:4] not in parts}
    left = without(block, {*parts, *whole})
    keyless = {path[:2] for path in parts if path[2] == "keys" and not at(left, path[:3])}
    return without(left, keyless)


def _validate_schema(settings: Settings, file: TomlFile, read: SettingsDocument) -> list[Problem]:
    """Build the schema with the fields of one's own that are sound."""
    try:
        schema_of(settings)
    except ConfigurationError as error:
        parts = [text.partition(": ") for text in error.problems]
        return [file.problem(SettingProblem(tuple(path.split(".")), message), read) for path, _, message in parts]
    return []


def _validate_documents(settings: Settings, file: TomlFile, read: SettingsDocument) -> list[Problem]:
    """Validate the trusted documents, where there is a schema to do so."""
    try:
        schema = core_schema(schema_of(settings))
    except ConfigurationError:
        return []
    try:
        load_documents(schema, settings, None, checks=True)
    except ConfigurationError as error:
        return list(_placed(file, read, error.problems))
    return []


def _validate_store(file: TomlFile, read: SettingsDocument, unset: Sequence[Path]) -> tuple[Store | None, list[Problem]]:
    """Build the store, if its settings are sound: their problems are those of the settings."""
    table = read.document.get("mongodb")
    inner = [path[1:] for path in unset if path[0] == "mongodb"]
    if not isinstance(table, Mapping) or inner:
        return None, []
    settings, found = validate(MongoSettings, table)
    if found or settings is None:
        return None, []
    try:
        return Store(settings, Clock()), []
    except ConfigurationError as error:
        return None, list(_placed(file, read, error.problems))


def _validate_tags(file: TomlFile, read: SettingsDocument, unset: Sequence[Path]) -> list[Problem]:
    table = read.document.get("tags")
    if not isinstance(table, Mapping) or ("tags",) in unset:
        return []
    sound = [setting for setting in ("file", "calibration") if ("tags", setting) not in unset]
    texts = {setting: own for setting in sound if isinstance(own := table.get(setting), str)}
    named, calibration = texts.get("file"), texts.get("calibration")
    figures = None
    if calibration is not None:
        try:
            figures = read_calibration(file.folder / calibration)
        except ConfigurationError as error:
            return list(_placed(file, read, error.problems))
    if named is None:
        return []
    try:
        purposes = read.document.get("purposes")
        actions = read.document.get("actions")
        targets = actions.get("targets") if isinstance(actions, Mapping) else None
        names = [own if isinstance(own, Mapping) else () for own in (purposes, targets)]
        load_pack(file.folder / named, None, names[0], figures, targets=names[1])
    except ConfigurationError as error:
        problems: list[Problem] = []
        for text in error.problems:
            own = read_file_text(text)
            message = text.removeprefix(f"{FilePath(named).name}: ")
            problems.append(file.problem(SettingProblem(("tags", "file"), message), read) if own is None else own)
        return problems
    return []


def _validate_actions(settings: Settings, file: TomlFile, read: SettingsDocument) -> list[Problem]:
    """Validate that the actions of the tags go with the settings."""
    if settings.tags.file is None:
        return []
    try:
        pack = load_pack(settings.tags.file, None, settings.purposes, targets=settings.actions.targets)
    except ConfigurationError:  # which is reported by itself
        return []
    return list(_placed(file, read, [*find_action_problems(pack, settings)]))


def _placed(file: TomlFile, read: SettingsDocument, texts: Sequence[str]) -> Iterator[Problem]:
    for text in texts:
        setting = read_setting_text(text)
        yield problem_without_place(text) if setting is None else file.problem_of(setting, read)
