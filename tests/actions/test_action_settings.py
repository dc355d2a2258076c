"""Mistakes in actions and targets: each is reported with its place and the fix."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import ConfigurationError
from connectors.records import Channel
from gateway.actions.action_checks import NO_ACTION_STORE, read_checked_pack
from gateway.settings import parse_settings
from gateway.tags.action_rules import ActionCap, ActionRule, enters_segment, leaves_segment
from gateway.tags.pack import load_pack
from gateway.tags.tag_history import ChangeCause
from tests.support.acting_shop import ACTION, acting_words, tags_file
from tests.support.checked_settings import report_of

AT = "settings: actions.targets.shop."
LACKING = "the action welcome is by email, which purposes.marketing.channels does not have"
CAUSES = "rule, calibration, merge, first, partial, stale"
NAMES = "a name is made of at most 64 small letters, digits and _, and starts with a letter; rename it"


def rules(folder: Path, actions: str = ACTION) -> dict[str, ActionRule]:
    return dict(load_pack(tags_file(folder, actions), None, {"marketing"}, targets={"shop"}).actions)


def problems(folder: Path, actions: str) -> list[str]:
    with pytest.raises(ConfigurationError) as failed:
        rules(folder, actions)
    return [problem.partition(": ")[2] for problem in failed.value.problems]


def test_a_rule_is_read(tmp_path: Path):
    """With all that it can say."""
    more = "    include_causes: [merge]\n    cap: {per: 30d, times: 2}\n    holdout: 0.1\n"
    rule = rules(tmp_path, ACTION + more)["welcome"]
    assert (rule.target, rule.purpose, rule.channel, rule.owner) == ("shop", "marketing", Channel.EMAIL, "crm-team")
    assert (rule.cap, rule.holdout) == (ActionCap(timedelta(days=30), 2), 0.1)
    assert rule.causes == {ChangeCause.FACTS, ChangeCause.MERGE}
    assert load_pack(tags_file(tmp_path)).leaving == {"tier"}


def test_a_trigger_is_met_by_its_values(tmp_path: Path):
    """Of one value, several, none, or any."""
    for written, met in (
        ("from: LOW, to: HIGH", [("LOW", "HIGH")]),
        ("to: HIGH", [("LOW", "HIGH"), (None, "HIGH")]),
        ("from: [LOW, HIGH], to: null", [("LOW", None), ("HIGH", None)]),
        ("", [("LOW", "HIGH"), ("HIGH", "LOW"), ("LOW", None), ("HIGH", None), (None, "LOW"), (None, "HIGH")]),
    ):
        trigger = rules(tmp_path, ACTION.replace("from: LOW, to: HIGH", written).replace("tier, }", "tier}"))["welcome"].trigger
        values = ("LOW", "HIGH", None)
        assert {(before, after) for before in values for after in values if trigger.is_met("tier", before, after)} == {*met}
        assert not trigger.is_met("other", "LOW", "HIGH")


def test_members_enter_and_leave():
    """Who becomes a member enters, also when it was not known before. Who is not known to be none has not left."""
    enters, leaves = enters_segment("vip"), leaves_segment("vip")
    assert [enters.is_met("segment:vip", before, "true") for before in ("false", None, "true")] == [True, True, False]
    assert [leaves.is_met("segment:vip", "true", after) for after in ("false", None)] == [True, False]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("tag: tier", "tag: tir", "actions.welcome.when.tag: there is no tag tir; did you mean 'tier'?"),
        ("from: LOW", "from: LO", "actions.welcome.when.from: tier is never LO; did you mean 'LOW'?"),
        (
            "{tag: tier, from: LOW, to: HIGH}",
            "{enters: vip}",
            "actions.welcome.when.enters: there is no segment vip; name one with a condition under segments",
        ),
        (
            "{tag: tier, from: LOW, to: HIGH}",
            "{}",
            "actions.welcome.when: must have one of enters, leaves and tag; write {tag: KEY, from: X, to: Y}, say",
        ),
        ("target: shop", "target: shops", "actions.welcome.target: the settings have no target shops; did you mean 'shop'?"),
        (
            "purpose: marketing",
            "purpose: market",
            "actions.welcome.purpose: the settings have no purpose market; did you mean 'marketing'?",
        ),
        ("channel: email", "channel: emial", "actions.welcome.channel: unknown word 'emial'; did you mean 'email'?"),
        ("    owner: crm-team\n", "", "actions.welcome.owner: is missing; add it"),
        ("  welcome:", "  Welcome:", f"actions.Welcome: {NAMES}"),
        (
            "    owner:",
            "    include_causes: [facts]\n    owner:",
            f"actions.welcome.include_causes: 'facts' is no cause that can be added; choose from {CAUSES}",
        ),
        (
            "    owner:",
            "    holdout: 10\n    owner:",
            "actions.welcome.holdout: must be a share from 0 to 0.9, such as 0.1 for one customer in ten",
        ),
        ("    owner:", "    cap: {per: 30d}\n    owner:", "actions.welcome.cap.times: is missing; add it"),
        ("    owner:", "    caps: {}\n    owner:", "actions.welcome.caps: unknown setting; did you mean 'cap'?"),
    ],
)
def test_a_mistake_is_named_with_its_fix(tmp_path: Path, old: str, new: str, expected: str):
    """At its line, one problem for one mistake."""
    assert ACTION.count(old) == 1
    assert problems(tmp_path, ACTION.replace(old, new)) == [expected]


def settings(tmp_path: Path, **changes: Any) -> Any:
    words = acting_words("https://shop.example/hook", tags_file(tmp_path), {"uri": "mongodb://127.0.0.1:1"})
    return parse_settings({"sources": {"crm": {"kind": "memory"}}, **words, **changes})


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (
            {"url": "http://shop.example/hook"},
            f"{AT}url: is not https://, so others could read of whom it tells; http:// is for this machine",
        ),
        (
            {"secret": "whsec_abc"},
            f"{AT}secret: is no signing secret; write whsec_ and 24 to 64 bytes by chance in Base64",
        ),
        ({"caller": "hok"}, f"{AT}caller: there is no caller hok; did you mean 'hook'?"),
        (
            {"caller": "blind"},
            f"{AT}caller: blind is not shown ids, and a webhook names the customer; name another one",
        ),
        (
            {"caller": "one"},
            f"{AT}caller: one may be told of some customers only, and a target is told of all; name another one",
        ),
    ],
)
def test_a_target_that_cannot_be_told_is_refused(tmp_path: Path, changed: dict[str, Any], expected: str):
    """What is wrong is named, and no secret shown."""
    callers = {"console": {}, "hook": {}, "blind": {"sees": {"commercial": "shown"}}, "one": {"customers": ["crm:1"]}}
    target = acting_words("https://shop.example/hook", tmp_path, {})["actions"]["targets"]["shop"] | changed
    with pytest.raises(ConfigurationError) as failed:
        settings(tmp_path, callers=callers, actions={"targets": {"shop": target}})
    assert [*failed.value.problems] == [expected]


def test_actions_need_a_store_and_a_channel_of_their_purpose(tmp_path: Path):
    """Both are said at start."""
    wrong = settings(tmp_path, mongodb=None, purposes={"marketing": {"basis": "consent", "channels": ["PHONE"]}})
    with pytest.raises(ConfigurationError) as failed:
        read_checked_pack(wrong)
    assert [*failed.value.problems] == [
        f"tags.file: {NO_ACTION_STORE}",
        f"tags.file: {LACKING}; add it there, or write another channel",
    ]


CHECKED = """\
[tags]
file = "tags.yaml"

[callers.console]

[access]
anonymous = "console"

[purposes.marketing]
basis = "consent"
channels = ["PHONE"]

[actions.targets.shop]
url = "https://shop.example/hook"
secret = "whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"
"""


async def test_check_finds_the_same(tmp_path: Path):
    """Each at its line: what the file names and the settings do not have, and what they have otherwise."""
    tags_file(tmp_path)
    found = (await report_of(tmp_path, CHECKED)).problems
    assert [(own.path, own.message) for own in found] == [
        ("tags.file", "has actions, which are kept in MongoDB, and there is none, as in a replay"),
        ("tags.file", LACKING),
    ]
    tags_file(tmp_path, ACTION.replace("target: shop", "target: mailer"))
    (problem,) = (await report_of(tmp_path, CHECKED)).problems
    assert (problem.path, problem.line) == ("actions.welcome.target", 26)
    assert problem.message == "the settings have no target mailer"
