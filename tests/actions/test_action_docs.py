"""What the page on actions shows is what is sent, read and taken."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from msgspec.structs import replace

from gateway.actions.webhook_body import write_body
from gateway.actions.webhook_delivery import new_delivery
from gateway.actions.webhook_signature import WebhookSigner
from gateway.changes.tag_change import TagChanged
from gateway.tags.computed_tag import ComputedTag, FactValue, RuleUsed
from gateway.tags.pack import default_pack_path, load_pack
from gateway.tags.tag_history import ChangeCause
from tests.support.markdown import blocks
from tests.support.paths import ROOT

PAGE = ROOT / "docs" / "actions.md"


def shown(language: str, place: int = 0) -> str:
    return [own.text for own in blocks(PAGE) if own.language == language][place]


def documented(folder: Path) -> Any:
    """The shipped pack with the first rule of the page."""
    path = folder / "tags.yaml"
    path.write_text(f"{default_pack_path().read_text('utf-8')}\n{shown('yaml')}", "utf-8")
    return load_pack(path, None, {"marketing"}, targets={"mailer"})


def body_of(folder: Path) -> bytes:
    pack, at = documented(folder), datetime(2026, 5, 4, 12, tzinfo=UTC)
    told = json.loads(shown("json"))["data"]
    changed = TagChanged(
        customer="7", key=told["tag"], before=told["from"], value=told["to"], at=at, cause=ChangeCause.FACTS, rule="f1"
    )
    evidence = [FactValue(**own) for own in told["why"]["evidence"]]
    tag = ComputedTag(
        key=told["tag"],
        value=told["to"],
        fingerprint="f1",
        computed_at=at,
        expires_at=at,
        rule=RuleUsed(version=1, expression="", words=""),
        evidence=[*evidence, FactValue(name="hidden", label="Hidden", value=1)],
    )
    definition = replace(pack.tags[told["tag"]], words=told["why"]["words"])
    delivery = new_delivery(changed, told["rule"], "mailer", at)
    names = {own.name for own in evidence}
    return write_body(delivery, pack.actions[told["rule"]], "crm:7", definition, tag, names)


def test_the_json_is_as_it_is_sent(tmp_path: Path):
    """Every name and value, in this order."""
    assert json.dumps(json.loads(body_of(tmp_path))) == json.dumps(json.loads(shown("json")))


def test_the_rules_are_read(tmp_path: Path):
    """The first one with the shipped pack; both have the settings that there are."""
    rule = documented(tmp_path).actions["welcome_back"]
    assert (rule.trigger.before, rule.trigger.after, rule.holdout) == (("AT_RISK",), ("ACTIVE",), 0.1)
    (lost,) = yaml.safe_load(shown("yaml", 1))["actions"].values()
    assert lost["when"] == {"leaves": "vip"}


def test_the_receiver_takes_a_webhook_once(tmp_path: Path):
    """The first example checks what we sign, and the second one records an outcome of it."""
    names: dict[str, Any] = {}
    for place in (0, 1):
        exec(shown("python", place), names)
    body = body_of(tmp_path)
    headers = WebhookSigner(names["SECRET"]).headers("a" * 32, int(datetime.now(UTC).timestamp()), body)
    assert [names["take"](headers, body) for _ in range(2)] == [204, 204]
    (change,) = names["taken"].values()
    variables = json.loads(names["after_sending"](change))["variables"]
    assert variables == {"rule": "welcome_back", "customer": "crm:7", "outcome": "CONTACTED"}
