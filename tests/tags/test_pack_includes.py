"""Files of tags that include others: what counts, what is a problem, and who else knows of it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from connectors.errors import ConfigurationError
from gateway.app import create_services
from gateway.check.replaced_thresholds import find_replaced_thresholds
from gateway.cli import app
from gateway.replay.modes import UNTOUCHED
from gateway.serving.configuration import list_changes, read_configuration
from gateway.tags.examples import run_examples
from gateway.tags.pack import load_pack, read_pack_texts, read_sound_facts, shipped_pack, uncalibrated_pack
from gateway.tags.pack_files import FILE_SETTINGS
from gateway.tags.yaml_sections import read_lines
from tests.support.drawn_shop import draw_orders, write_shop

ENDS = datetime(2026, 6, 30, tzinfo=UTC)
DEFAULTS = "defaults: {owner: crm-team, category: VALUE, ttl: 6h, version: 1}\n"
OWN_DEFAULTS = DEFAULTS.replace("crm", "own")
COUNT = "facts:\n  n: {label: Orders, record: order, measure: count}\n"
CHANNEL = "  n: {label: Channel, record: ticket, measure: latest, field: channel}\n"
TAG = "label: {0}, description: About {0}., words: In words., expression: \"{1} > {2} ? 'A' : 'B'\", values: [A, B]"


def tag(key: str, fact: str = "n", border: object = 0) -> str:
    return f"  {key}: {{{TAG.format(key, fact, border)}}}\n"


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """Write files, and give the first one."""
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder / next(iter(files))


def problems(folder: Path, files: Mapping[str, str]) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load_pack(write(folder, files))
    return list(caught.value.problems)


def test_what_is_included_is_as_if_written_here(tmp_path: Path) -> None:
    """Facts, thresholds and tags, over several steps and folders; defaults are for the tags of their own file."""
    pack = load_pack(
        write(
            tmp_path,
            {
                "mine.yaml": "include: shared/rules.yaml\n"
                + DEFAULTS.replace("crm", "own")
                + "tags:\n"
                + tag("mine", "n", "many"),
                "shared/rules.yaml": "include: [../facts.yaml]\n" + DEFAULTS + "thresholds: {many: 3}\ntags:\n" + tag("theirs"),
                "facts.yaml": COUNT,
            },
        )
    )
    assert [(own.key, own.owner) for own in pack.tags.values()] == [("theirs", "crm-team"), ("mine", "own-team")]
    assert [own.value for own in pack.tags["mine"].thresholds] == [3]
    assert [*pack.facts] == ["n"]


def test_the_shipped_pack_is_included_by_its_name(tmp_path: Path) -> None:
    """With all its tags, of the same fingerprints; the file needs nothing else."""
    pack = load_pack(write(tmp_path, {"mine.yaml": "include: [core]\n"}))
    assert {key: own.fingerprint for key, own in pack.tags.items()} == {
        key: own.fingerprint for key, own in shipped_pack().tags.items()
    }


def test_the_includer_counts_first(tmp_path: Path) -> None:
    """Its tag, threshold and fact, also for the rules of the file that it includes, and through a file between them."""
    base = DEFAULTS + "thresholds: {many: 3}\n" + COUNT + "tags:\n" + tag("a", "n", "many") + tag("b")
    own = "thresholds: {many: 5}\nfacts:\n  n: {label: Tickets, record: ticket, measure: count}\n"
    pack = load_pack(
        write(
            tmp_path,
            {
                "mine.yaml": "include: [base.yaml, middle.yaml]\n",
                "middle.yaml": "include: [./base.yaml]\n" + DEFAULTS + own + "tags:\n" + tag("b", "n", 7),
                "base.yaml": base,
            },
        )
    )
    assert pack.facts["n"].label == "Tickets"
    assert [each.value for each in pack.tags["a"].thresholds] == [5]
    assert "n > 7" in pack.tags["b"].expression
    before = load_pack(tmp_path / "base.yaml")
    assert all(before.tags[key].fingerprint != pack.tags[key].fingerprint for key in "ab")


def test_examples_of_a_rule_are_of_its_own_numbers(tmp_path: Path) -> None:
    """Nobody can change those of a shipped rule, whose number is another one here; a rule's own threshold counts first."""
    example = "values: [A, B], examples: [{facts: {n: 4}, value: A}]"
    base = DEFAULTS + "thresholds: {many: 3}\n" + COUNT + "tags:\n" + tag("a", "n", "many").replace("values: [A, B]", example)
    own = tag("b", "n", "many").replace("values: [A, B]", example + ", thresholds: {many: 2}")
    files = {"mine.yaml": "include: [base.yaml]\nthresholds: {many: 5}\n", "base.yaml": base + own}
    pack = load_pack(write(tmp_path, files))
    assert [[each.value for each in pack.tags[key].thresholds] for key in "ab"] == [[5], [2]]
    assert [[each.value for each in pack.tags[key].first_thresholds] for key in "ab"] == [[3], []]
    assert [own.failures for own in run_examples(pack)] == [(), ()]
    path = write(tmp_path, {**files, "mine.yaml": "include: [base.yaml]\nthresholds: {many: 3}\n"})
    assert load_pack(path).tags["a"].first_thresholds == ()


def test_words_that_were_written_for_another_number_are_warned_of(tmp_path: Path) -> None:
    """At the threshold, with the tags; a tag that is written anew has words of its own."""
    base = DEFAULTS + "thresholds: {many: 3}\n" + COUNT + "tags:\n" + tag("a", "n", "many") + tag("b", "n", "many")
    own = "include: [base.yaml]\n" + DEFAULTS + "thresholds: {many: 5}\ntags:\n" + tag("b", "n", "many")
    path = write(tmp_path, {"mine.yaml": own, "base.yaml": base})
    (found,) = find_replaced_thresholds(path, read_lines(path))
    assert str(found) == (
        "mine.yaml:3: thresholds.many: is 5 here, and the words of a were written for 3; "
        "write each of them into this file, with words that say the number of here"
    )
    path.write_text(own.replace("many: 5", "many: 3"))
    assert find_replaced_thresholds(path, read_lines(path)) == []
    (tmp_path / "base.yaml").write_text("facts: [")
    assert find_replaced_thresholds(path, {}) == []


def test_a_rule_that_a_replacement_breaks_names_it(tmp_path: Path) -> None:
    """Its own file is right, and may be one that nobody can change."""
    base = DEFAULTS + "thresholds: {many: 3}\n" + COUNT + "tags:\n" + tag("a", "n", "many")
    for own, place in (
        ("thresholds: {many: few}", "many stands in mine.yaml:2"),
        ("facts:\n" + CHANNEL, "n stands in mine.yaml:3"),
    ):
        found = problems(tmp_path, {"mine.yaml": f"include: [base.yaml]\n{own}\n", "base.yaml": base})
        assert all(each.startswith("base.yaml:6:") and each.endswith(f" ({place})") for each in found)
    (only,) = problems(tmp_path, {"mine.yaml": "include: [base.yaml]\n", "base.yaml": base.replace("many: 3", "many: few")})
    assert "stands in" not in only


def test_two_files_that_differ_are_a_problem_with_both_places(tmp_path: Path) -> None:
    """Labels apart, and not where the file itself says what counts."""
    one = DEFAULTS + "thresholds: {many: 3}\n" + COUNT + "tags:\n" + tag("a", "n", "many")
    other = COUNT.replace("Orders", "All orders")
    files = {"mine.yaml": "include: [one.yaml, other.yaml]\n", "one.yaml": one, "other.yaml": other}
    assert load_pack(write(tmp_path, files)).facts["n"].label == "Orders"
    differing = "thresholds: {many: 4}\n" + other.replace("count}", "count, window: 90d}")
    fix = "write the one that counts into this file, or rename one of them"
    assert problems(tmp_path, {**files, "other.yaml": differing}) == [
        f"mine.yaml:1: include: facts.n stands in one.yaml:4 and otherwise in other.yaml:3; {fix}",
        f"mine.yaml:1: include: thresholds.many stands in one.yaml:2 and otherwise in other.yaml:1; {fix}",
    ]
    settled = "include: [one.yaml, other.yaml]\nthresholds: {many: 4}\n" + COUNT.replace("Orders", "Mine")
    assert load_pack(write(tmp_path, {**files, "other.yaml": differing, "mine.yaml": settled})).facts["n"].label == "Mine"


@pytest.mark.parametrize(
    ("include", "expected"),
    [
        ("cor", "mine.yaml:1: include: no pack 'cor' is shipped; did you mean 'core'?"),
        (
            "./mine",
            "mine.yaml:1: include: no pack './mine' is shipped; a file of yours is named by its path, which ends with .yaml",
        ),
        (
            "./absent.yaml",
            (
                "mine.yaml:1: include: './absent.yaml' cannot be read (No such file or directory);"
                " give the path of a readable file"
            ),
        ),
        (
            "mine.yaml",
            "mine.yaml:1: include: 'mine.yaml' includes this file again (mine.yaml > mine.yaml); remove one of the two",
        ),
        (
            "again.yaml",
            (
                "again.yaml:1: include: 'mine.yaml' includes this file again (mine.yaml > again.yaml > mine.yaml);"
                " remove one of the two"
            ),
        ),
        ("{a: b}", "mine.yaml:1: include: must be a text or a list of texts"),
        (
            "broken.yaml",
            "broken.yaml:2: is not YAML: while parsing a flow node, expected the node content, but found '<stream end>'",
        ),
    ],
)
def test_an_include_that_goes_wrong_names_file_line_and_fix(tmp_path: Path, include: str, expected: str) -> None:
    """One problem, in the file that has it."""
    files = {"mine.yaml": f"include: {include}\n" + DEFAULTS + COUNT + "tags:\n" + tag("a")}
    assert problems(tmp_path, files | {"again.yaml": "include: mine.yaml\n", "broken.yaml": "a: [\n"}) == [expected]


def test_problems_name_the_file_that_has_them(tmp_path: Path) -> None:
    """In the order of files and lines. What nothing uses is one in the file itself alone."""
    found = problems(
        tmp_path,
        {
            "mine.yaml": f"include: sub/part.yaml\nother: 1\n{DEFAULTS}{COUNT.replace('n:', 'spare:')}tags:\n{tag('a', 'nn')}",
            "sub/part.yaml": "thresholds: {few: 1}\nfacts:\n"
            "  n: {label: Count, record: order, measure: cont}\n  m: {label: M, record: order, measure: count}\n",
        },
    )
    assert found == [
        f"mine.yaml:2: other: unknown setting; known: {', '.join(FILE_SETTINGS)}",
        "mine.yaml:5: facts.spare: no tag uses this fact; name it in an expression or remove it",
        "mine.yaml:7:71: tags.a.expression: unknown fact 'nn'; did you mean 'n'?",
        "sub/part.yaml:3: facts.n.measure: unknown word 'cont'; did you mean 'count'?",
    ]


def test_the_time_zone_of_the_includer_counts(tmp_path: Path) -> None:
    """For calendar months of what it includes; that of the included file where it has none."""
    month = COUNT.replace("count}", "count, window: {months: 1}}")
    files = {"mine.yaml": "include: a.yaml\n", "a.yaml": "timezone: Asia/Tokyo\n" + DEFAULTS + month + "tags:\n" + tag("a")}
    assert load_pack(write(tmp_path, files)).facts["n"].timezone == "Asia/Tokyo"
    files["mine.yaml"] += "timezone: Europe/Berlin\n"
    assert load_pack(write(tmp_path, files)).facts["n"].timezone == "Europe/Berlin"


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """A shop whose file of tags includes another one."""
    path = write_shop(
        tmp_path, draw_orders(3, ENDS), ENDS, tags="include: [./part.yaml]\n" + DEFAULTS + "tags:\n" + tag("mine")
    )
    path.write_text(path.read_text().replace('calibration = "calibration.json"', ""))
    (tmp_path / "part.yaml").write_text(DEFAULTS + COUNT + "tags:\n" + tag("theirs"), "utf-8")
    return path


def test_a_change_of_an_included_file_is_one_for_a_reload(settings: Path) -> None:
    """The master reads all texts once, for all workers: what is written later is not what they serve until they reload."""
    first = read_configuration(settings, UNTOUCHED)
    part = settings.with_name("part.yaml")
    part.write_text(part.read_text().replace("n > 0", "n > 9"), "utf-8")
    second = read_configuration(settings, UNTOUCHED)
    assert (first.is_same(second), first.digest == second.digest) == (False, False)
    assert list_changes(first, second) == ["tags"]
    packs = [create_services(own.settings, tags=own.tags).tags.pack for own in (first, second)]
    assert ["n > 9" in own.tags["theirs"].expression for own in packs] == [False, True]


def test_texts_of_shipped_files_are_read_too(tmp_path: Path) -> None:
    """And a file that is not there is left to the pack, which says so."""
    texts = read_pack_texts(write(tmp_path, {"mine.yaml": "include: [core, ./absent.yaml]\n"}), None)
    assert any(path.endswith("packs/core.yaml") for path, _ in texts.included)
    assert len(texts.written()) == 1 + len(texts.included)


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, [*arguments], env={"COLUMNS": "300"})
    return result.exit_code, result.output


def test_check_places_problems_and_warnings_in_their_file(settings: Path) -> None:
    """Of an included file of one's own, not of a shipped one."""
    part, mine = settings.with_name("part.yaml"), settings.with_name("tags.yaml")
    sound = part.read_text()
    part.write_text(sound.replace("count}", "cont}"))
    code, output = run("check", "--config", str(settings))
    assert (code, "part.yaml:3: facts.n.measure: unknown word 'cont'" in output) == (2, True)
    part.write_text(sound.replace("record: order", "record: survey").replace("DEFAULTS", ""))
    mine.write_text(mine.read_text().replace("[./part.yaml]", "[core, ./part.yaml]"))
    code, output = run("check", "--config", str(settings))
    assert "part.yaml:3: facts.n.record: no source has survey records, so 'n' can never be known" in output
    assert ("open_complaints" in output, "core.yaml" in output) == (False, False)


def test_sound_facts_are_those_of_ones_own_files(settings: Path) -> None:
    """Of included ones too, but not of shipped ones."""
    mine = settings.with_name("tags.yaml")
    mine.write_text(mine.read_text().replace("[./part.yaml]", "[core, ./part.yaml]"))
    assert [*read_sound_facts(mine)] == ["n"]


def test_examples_of_included_tags_are_run(settings: Path) -> None:
    """And a failure names the file."""
    part = settings.with_name("part.yaml")
    part.write_text(part.read_text().replace("values: [A, B]}", "values: [A, B], examples: [{facts: {n: 1}, value: B}]}"))
    code, output = run("tags", "test", "--config", str(settings))
    assert code == 1
    assert "part.yaml:5: B is expected, and the rule gives A" in output


def test_the_shipped_pack_without_calibration_has_no_tag_that_needs_one() -> None:
    """With all that its other tags read, and nothing that they do not."""
    without, whole = uncalibrated_pack(), shipped_pack()
    assert [*without.tags] == [key for key, own in whole.tags.items() if not own.score_names]
    assert {name for own in without.tags.values() for name in own.fact_names} == {*without.facts}
    assert without.scores == {}
