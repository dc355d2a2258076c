"""Read the file of tags, and check that its actions go with the settings."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.errors import ConfigurationError
from gateway.settings.settings import Settings
from gateway.tags.definitions import Pack
from gateway.tags.pack import PackTexts, read_pack

NO_ACTION_STORE = (
    "has actions, which are kept in MongoDB, and there is none, as in a replay; "
    "add [mongodb], or name a file of tags without actions"
)


def read_checked_pack(settings: Settings, texts: PackTexts | None = None) -> Pack:
    """Read the pack of the settings. `texts` are those of its files, read before. Raises `ConfigurationError`."""
    tags = settings.tags
    pack = read_pack(tags.file, tags.calibration, settings.purposes, texts, settings.actions.targets)
    if problems := [*find_action_problems(pack, settings)]:
        raise ConfigurationError(problems)
    return pack


def find_action_problems(pack: Pack, settings: Settings) -> Iterator[str]:
    """Find what keeps actions from being run, each with the setting and the fix."""
    if pack.actions and settings.mongodb is None:
        yield f"tags.file: {NO_ACTION_STORE}"
    for rule in pack.actions.values():
        purpose = settings.purposes.get(rule.purpose)
        if purpose is not None and purpose.channels is not None and rule.channel not in purpose.channels:
            word = rule.channel.value.lower()
            lacking = f"the action {rule.name} is by {word}, which purposes.{rule.purpose}.channels does not have"
            yield f"tags.file: {lacking}; add it there, or write another channel"
