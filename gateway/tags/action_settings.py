"""Read actions from their section of the file."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from connectors.records import Channel
from connectors.suggestions import suggest
from gateway.tags.action_rules import ActionCap, ActionRule, ActionTrigger, enters_segment, leaves_segment
from gateway.tags.definitions import TagDefinition, TagType
from gateway.tags.segment_keys import SEGMENT_PREFIX
from gateway.tags.tag_history import ChangeCause
from gateway.tags.tag_settings import check_purpose
from gateway.tags.yaml_sections import Section

SETTINGS = ("when", "target", "purpose", "channel", "include_causes", "cap", "holdout", "owner", "description")

MAX_HOLDOUT = 0.9
MAX_TIMES = 1_000

_WAYS = ("enters", "leaves", "tag")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_CHANNELS = {channel.value.lower(): channel for channel in Channel if channel is not Channel.UNKNOWN}
_CAUSES = {cause.value.lower(): cause for cause in ChangeCause if cause is not ChangeCause.FACTS}
_TRUTHS = ("true", "false")


def read_actions(
    sections: Mapping[str, Section],
    tags: Mapping[str, TagDefinition],
    purposes: Collection[str] | None,
    targets: Collection[str] | None,
) -> dict[str, ActionRule]:
    """Read actions by name; those are left out of which a problem was reported. `tags` has those of segments, too.

    `purposes` and `targets` are those of the settings, None where they are not known.
    """
    rules = {name: _read_action(name, section, tags, purposes) for name, section in sections.items()}
    for name, rule in rules.items():
        if rule is not None and rule.target and targets is not None and rule.target not in targets:
            fix = suggest(rule.target, targets, f"name one of yours, or add [actions.targets.{rule.target}] there")
            sections[name].report("target", f"the settings have no target {rule.target}{fix}")
    return {name: rule for name, rule in rules.items() if rule is not None}


def _read_action(
    name: str, section: Section, tags: Mapping[str, TagDefinition], purposes: Collection[str] | None
) -> ActionRule | None:
    if not _NAME.fullmatch(name):
        section.report("", "a name is made of at most 64 small letters, digits and _, and starts with a letter; rename it")
    section.expect(SETTINGS)
    trigger = _read_trigger(section, tags)
    target, owner, description = section.text("target"), section.text("owner"), section.text("description")
    purpose, channel = section.text("purpose"), section.choice("channel", _CHANNELS)
    if purpose and purposes is not None:
        check_purpose(section, "purpose", purpose, purposes)
    causes = _read_causes(section)
    cap, holdout = _read_cap(section), _read_holdout(section)
    if trigger is None or channel is None:
        return None
    return ActionRule(
        name=name,
        trigger=trigger,
        target=target,
        purpose=purpose,
        channel=channel,
        owner=owner,
        description=description,
        causes=causes,
        cap=cap,
        holdout=holdout,
        line=section.line,
    )


def _read_trigger(section: Section, tags: Mapping[str, TagDefinition]) -> ActionTrigger | None:
    when = section.section("when")
    if when is None:
        if "when" not in section:
            section.report("when", "is missing; write {enters: SEGMENT}, {leaves: SEGMENT} or {tag: KEY, from: X, to: Y}")
        return None
    ways = [name for name in _WAYS if name in when]
    if len(ways) != 1:
        when.report("", "must have one of enters, leaves and tag; write {tag: KEY, from: X, to: Y}, say")
        return None
    way = ways[0]
    when.expect(("tag", "from", "to") if way == "tag" else (way,))
    key = when.text(way)
    if not key:
        return None
    if way != "tag":
        segments = [own.removeprefix(SEGMENT_PREFIX) for own in tags if own.startswith(SEGMENT_PREFIX)]
        if key not in segments:
            fix = suggest(key, segments, "name one with a condition under segments")
            when.report(way, f"there is no segment {key}{fix}")
            return None
        return enters_segment(key) if way == "enters" else leaves_segment(key)
    plain = [own for own in tags if not own.startswith(SEGMENT_PREFIX)]
    if key not in plain:
        when.report("tag", f"there is no tag {key}{suggest(key, plain, 'name one of the file')}")
        return None
    before, after = _read_values(when, "from", tags[key]), _read_values(when, "to", tags[key])
    return ActionTrigger(key=key, before=before, after=after)


def _read_values(when: Section, name: str, tag: TagDefinition) -> tuple[str | None, ...] | None:
    """Read values of a tag: one, a list, or null for none. None where any will do."""
    if name not in when:
        return None
    if when.is_null(name):
        return (None,)
    values = when.texts(name)
    known = tag.values if tag.type is TagType.ENUM else _TRUTHS if tag.type is TagType.BOOLEAN else ()
    for value in values:
        if known and value not in known:
            fix = suggest(value, known, f"its values are {', '.join(known)}")
            when.report(name, f"{tag.key} is never {value}{fix}")
    return values


def _read_causes(section: Section) -> frozenset[ChangeCause]:
    named = section.texts("include_causes") if "include_causes" in section else ()
    for text in named:
        if text not in _CAUSES:
            fix = suggest(text, _CAUSES, f"choose from {', '.join(_CAUSES)}")
            section.report("include_causes", f"'{text}' is no cause that can be added{fix}")
    return frozenset([ChangeCause.FACTS, *(_CAUSES[text] for text in named if text in _CAUSES)])


def _read_cap(section: Section) -> ActionCap | None:
    cap = section.section("cap")
    if cap is None:
        return None
    cap.expect(("per", "times"))
    per, times = cap.required_duration("per"), cap.version("times")
    if times > MAX_TIMES:
        cap.report("times", f"must be at most {MAX_TIMES:,}")
    return None if per is None or not times else ActionCap(per, times)


def _read_holdout(section: Section) -> float:
    text = section.optional_text("holdout")
    if text is None:
        return 0.0
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0.0 <= share <= MAX_HOLDOUT:
        section.report("holdout", f"must be a share from 0 to {MAX_HOLDOUT}, such as 0.1 for one customer in ten")
        return 0.0
    return share
