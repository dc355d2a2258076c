"""TypeScript that GraphQL Code Generator writes of the schema of settings with fields of one's own."""

import json
import subprocess
from pathlib import Path

import pytest

from gateway.cli import app
from tests.support.node_packages import installed
from tests.support.own_fields import FIELDS

pytestmark = pytest.mark.cases

FOLDER = Path(__file__).parent / "codegen"
EXPECTED = """\
export type Customer = Node & {
  clubName?: Maybe<Scalars['String']['output']>;
  clubTier?: Maybe<CustomerClubTier>;
  clubSpend?: Maybe<Money>;
  clubVip?: Maybe<Scalars['Boolean']['output']>;
  clubVisits?: Maybe<Scalars['Int']['output']>;
  clubScore?: Maybe<Scalars['Quantity']['output']>;
  clubSince?: Maybe<Scalars['DateTime']['output']>;
  clubHobbies?: Maybe<Array<Scalars['String']['output']>>;
export type Order = Node & {
  giftNote?: Maybe<Scalars['String']['output']>;
  wrapping: OrderWrapping;
  packedWeight?: Maybe<Scalars['Quantity']['output']>;
export type OrderFilter = {
  giftNote?: InputMaybe<Array<Scalars['String']['input']>>;
  wrapping?: InputMaybe<Array<OrderWrapping>>;
export type OrderItem = {
  engraving?: Maybe<Scalars['String']['output']>;
export type Ticket = Node & {
  severity: TicketSeverity;
  hoursSpent?: Maybe<Scalars['Quantity']['output']>;
  partsSent: Array<Scalars['String']['output']>;
export type Event = Node & {
  cartValue?: Maybe<Scalars['Quantity']['output']>;
  cartKind: EventCartKind;
export enum CustomerClubTier {
  Gold = 'GOLD',
  Silver = 'SILVER',
  Unknown = 'UNKNOWN'
"""
"""The lines of fields of one's own, below those that begin their types."""


@pytest.fixture(scope="module")
def node() -> str:
    """The command, with the generator installed."""
    return installed(FOLDER)


def as_toml(fields: dict[str, dict[str, dict[str, object]]]) -> str:
    tables = [
        f"[fields.{owner}.{name}]\n" + "\n".join(f"{key} = {json.dumps(value)}" for key, value in own.items())
        for owner, named in fields.items()
        for name, own in named.items()
    ]
    return "\n".join([*tables, "[sources.shop]", 'kind = "sql"'])


def test_fields_of_every_type_are_typed(node: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of what `profile-gateway schema --config` prints: enums, lists, money, decimals, and what may be null."""
    config = tmp_path / "gateway.toml"
    config.write_text(as_toml(FIELDS), "utf-8")
    with pytest.raises(SystemExit) as ended:
        app(["schema", "--config", str(config)])
    assert ended.value.code == 0
    sdl = capsys.readouterr().out
    written = subprocess.run([node, "types.mjs"], cwd=FOLDER, input=sdl, capture_output=True, text=True, check=True).stdout
    lines = written.splitlines()
    for block in EXPECTED.split("export ")[1:]:
        head, *expected = f"export {block}".splitlines()
        start = lines.index(head)
        own = lines[start : lines.index("}" if "enum" in head else "};", start)]
        assert [line for line in own if line in expected] == expected, head
