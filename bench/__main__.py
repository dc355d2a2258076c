"""Speed, and what callers and sources that misbehave cost, measured on this machine: `python -m bench --help`."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from bench import audited as audit
from bench import dead as deaths
from bench import documents as remembering
from bench import evidence as proof
from bench import expiry as expiries
from bench import fairness as shares
from bench import find as finding
from bench import flaky as failing
from bench import greedy as greed
from bench import growth as growing
from bench import incident as incidents
from bench import lines as baskets
from bench import members as member_costs
from bench import overlap as overlaps
from bench import profiling, streams, tagged
from bench import segments as segment_costs
from bench import storm as storms
from bench import telemetry as observed
from bench import views as rights
from bench.databases.comparison import Contest
from bench.databases.mongo import measure_mongo
from bench.databases.queries import CUSTOMERS, QUERIES
from bench.databases.sql import ALL_QUERIES, Floors, measure_sql
from bench.databases.sql import FLOORS as SQL_FLOORS
from bench.databases.sql import SERVERS as SQL_SERVERS
from bench.output import RESULTS, choose_names, keep_beside, keep_results, out, problems_shown, read_numbers, say_verdicts
from bench.processes import end_orderly_on_sigterm
from bench.queries import GATEWAY_QUERIES
from bench.report import (
    SERVERS,
    calls_line,
    contest_table,
    dead_table,
    document,
    documents_table,
    flaky_table,
    greedy_table,
    incident_table,
    lines_table,
    overlap_table,
    speed_table,
    storm_table,
    tags_table,
    telemetry_table,
)
from bench.speed import compared, slowest_source
from bench.stage import staged

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Speed, measured on this machine.")
app.command("segments")(segment_costs.print_costs)
app.command("streams")(streams.print_costs)

Seconds = Annotated[int, typer.Option(min=1, help="How long each measurement takes.")]
WarmUp = Annotated[int, typer.Option(min=1, help="Seconds of load before each measurement.")]
Rounds = Annotated[int, typer.Option(min=1, help="How often everything has its turn.")]
Callers = Annotated[int, typer.Option(min=1, help="How many ask at a time.")]
Queries = Annotated[str, typer.Option(help="Which queries, with commas.")]


@app.callback()
def commands() -> None:
    """What holds for every command."""
    end_orderly_on_sigterm()


app.command("find")(finding.find)


@app.command()
def speed(
    seconds: Seconds = 5,
    warm_up: WarmUp = 1,
    rounds: Rounds = 3,
    callers: Callers = 32,
    queries: Queries = "Q1,Q2,Q3",
    only: Annotated[str, typer.Option(help="Which servers, with commas.")] = ",".join(SERVERS),
) -> None:
    """Compare the gateway with its peers over the same four sources."""
    names, servers = choose_names(queries, list(GATEWAY_QUERIES)), choose_names(only, list(SERVERS))
    wanted = [(query, many) for many in sorted({callers, 1}, reverse=True) for query in names]
    with problems_shown(), staged(servers, names) as stage:
        out.print(f"All answers are equal. About {len(wanted) * len(servers) * rounds * (seconds + warm_up)} s to go ...")
        measured = compared(stage, wanted, rounds=rounds, seconds=seconds, warm_up=warm_up)
        results = document(measured, callers)
        for one in measured:
            out.print(speed_table(one))
            if one.calls:
                out.print(calls_line(one), end="\n\n")
            if one.callers == 1 and one.query == "Q1" and one.calls:
                name, alone_ms = slowest_source(stage, seconds=seconds)
                added_ms = one.median("gateway", "p50_ms") - alone_ms
                results["one_caller"] |= {"slowest_source": name, "slowest_source_ms": alone_ms, "added_ms": added_ms}
                out.print(f"At the median the gateway takes {added_ms:.2f} ms more than {name} alone, the slowest source.")
    whole = {*names, *servers} == {*GATEWAY_QUERIES, *SERVERS}
    keep_results(results, RESULTS / ("latest.json" if whole else "partial.json"))


@app.command()
def sql(
    seconds: Seconds = 5,
    warm_up: WarmUp = 1,
    rounds: Rounds = 3,
    callers: Annotated[str, typer.Option(help="How many ask at a time, with commas.")] = "1,32",
    queries: Queries = "Q1,Q2,Q3,Q4,Q4-tags",
    only: Annotated[str, typer.Option(help="Which servers, with commas.")] = ",".join(SQL_SERVERS),
    before: Annotated[Path | None, typer.Option(file_okay=False, exists=True, help="Another tree, measured too.")] = None,
) -> None:
    """Compare the gateway with its peers over one PostgreSQL, which a wheel brings along."""
    names, servers = choose_names(queries, list(ALL_QUERIES)), choose_names(only, list(SQL_SERVERS))
    with problems_shown():
        many, tree = read_numbers(callers), before and before.resolve()
        contests = measure_sql(names, servers, many, rounds=rounds, seconds=seconds, warm_up=warm_up, before=tree)
    _show_contests("sql", contests, SQL_FLOORS)


@app.command()
def mongo(
    uri: Annotated[str, typer.Option(help="Of a MongoDB server, whose `bench_shop` is filled anew.")] = "",
    seconds: Seconds = 5,
    warm_up: WarmUp = 1,
    rounds: Rounds = 3,
    callers: Annotated[str, typer.Option(help="How many ask at a time, with commas.")] = "1,32",
    queries: Queries = "Q1,Q2,Q3,Q4",
    customers: Annotated[int, typer.Option(min=50, max=CUSTOMERS, help="How many customers it holds.")] = CUSTOMERS,
) -> None:
    """Compare the gateway with a hand-written endpoint over a MongoDB server of yours."""
    names = choose_names(queries, list(QUERIES))
    with problems_shown():
        many = read_numbers(callers)
        contests = measure_mongo(uri, names, many, rounds=rounds, seconds=seconds, warm_up=warm_up, customers=customers)
    _show_contests("mongo", contests, {})


@app.command()
def tags(seconds: Seconds = 5, rounds: Rounds = 3, queries: Queries = "Q1,Q2,Q3") -> None:
    """Compare the gateway's queries with and without tags that MongoDB holds; the extra `embedded` is needed."""
    with problems_shown():
        found = tagged.compared(choose_names(queries, list(GATEWAY_QUERIES)), rounds=rounds, seconds=seconds)
        out.print(tags_table(found))
    keep_beside({f"{one.query} with tags": one.document() for one in found})


@app.command()
def expiry(
    seconds: Annotated[int, typer.Option(min=6, help="How long it is asked for.")] = 30,
    rate: Annotated[float, typer.Option(min=1, help="Requests a second.")] = 1_000,
) -> None:
    """How often two workers compute a tag that many ask for when it expires, and what those wait who ask then."""
    with problems_shown():
        found = expiries.measured(seconds=seconds, rate=rate)
    for one in found:
        out.print(one.describe(), highlight=False)
    say_verdicts(verdict for one in found for verdict in one.verdicts())
    keep_beside({"expiry": {one.way: {**msgspec.to_builtins(one), "ratio": one.ratio} for one in found}})


@app.command()
def growth(
    seconds: Seconds = 3,
    kinds: Annotated[str, typer.Option(help="Over which kinds of sources, with commas.")] = ",".join(growing.KINDS),
) -> None:
    """How cost grows with customers, with orders and with callers."""
    with problems_shown():
        for kind in choose_names(kinds, list(growing.KINDS)):
            out.print(f"Over {kind}:\n")
            for table in growing.grown(seconds, kind):
                out.print(table, end="\n\n")


@app.command()
def incident(seconds: Seconds = 5, rounds: Rounds = 3, callers: Callers = 32) -> None:
    """What it costs that one of the sources refuses connections, and that it hangs."""
    with problems_shown():
        found = incidents.measured(rounds=rounds, seconds=seconds, callers=callers)
    out.print(incident_table(found))
    say_verdicts(found.verdicts())
    events = ", ".join(f"{event} {count:,}" for event, count in found.events.items())
    out.print(f"In the gateway's log: {events or 'nothing'}", highlight=False)
    keep_beside({"incident": found.document()})


@app.command()
def dead(seconds: Annotated[int, typer.Option(min=1, help="For how long it is dead.")] = 60, callers: Callers = 32) -> None:
    """What a source that is dead is still asked, and how soon it is found back: one that refuses, one that hangs."""
    with problems_shown():
        found = deaths.measured(deaths.Trial(seconds=seconds, callers=callers))
    out.print(dead_table(found))
    say_verdicts(verdict for one in found for verdict in one.verdicts())
    keep_beside({"dead": {one.way: {**msgspec.to_builtins(one), "share": one.share} for one in found}})


@app.command()
def flaky(
    seconds: Seconds = 10,
    callers: Callers = 32,
    share: Annotated[float, typer.Option(min=0, max=1, help="How many of its calls fail.")] = 0.5,
) -> None:
    """What retries are worth while a source fails calls at random, and how many more calls they are."""
    with problems_shown():
        found = failing.measured(seconds=seconds, callers=callers, failing=share)
    out.print(flaky_table(found))
    say_verdicts(one.verdict() for one in found)
    keep_beside({"flaky": {one.setting: {**msgspec.to_builtins(one), "share": one.share} for one in found}})


@app.command()
def greedy(
    seconds: Seconds = 10,
    rounds: Rounds = 3,
    callers: Annotated[int, typer.Option(min=1, help="How many small ones ask at a time.")] = 50,
    query: Annotated[str, typer.Option(help="What they ask.")] = "Q1",
) -> None:
    """What one caller who asks for 19,900 records over and over costs the small ones beside him."""
    with problems_shown():
        (chosen,) = choose_names(query, list(GATEWAY_QUERIES))
        found = greed.measured(rounds=rounds, seconds=seconds, callers=callers, query=chosen)
    out.print(greedy_table(found))
    say_verdicts(found.verdicts())
    keep_beside({"greedy": msgspec.to_builtins(found)})


@app.command()
def fairness(seconds: Seconds = 10, rounds: Rounds = 3) -> None:
    """What 50 callers who offer ten times their share cost 950 others: requests come when they come, answered or not."""
    with problems_shown():
        found = shares.measured(rounds=rounds, seconds=seconds)
    out.print(f"The worker answers {found.rate:,.0f} requests a second; the many ask for half of that.", highlight=False)
    for without, beside in zip(found.alone, found.beside, strict=True):
        out.print(f"without: {shares.describe_turn(without)}", highlight=False)
        out.print(f"beside:  {shares.describe_turn(beside)}", highlight=False)
    say_verdicts(found.verdicts())
    keep_beside({"fairness": shares.document(found)})


@app.command()
def storm(seconds: Seconds = 12, callers: Callers = 400) -> None:
    """How the gateway is after many have asked, hung up after a second and asked again."""
    with problems_shown():
        found = storms.measured(callers=callers, seconds=seconds)
    out.print(storm_table(found))
    say_verdicts(found.verdicts())
    keep_beside({"storm": msgspec.to_builtins(found)})


@app.command()
def documents(
    count: Annotated[int, typer.Option(min=10, help="How many documents.")] = 100_000,
    minutes: Annotated[float, typer.Option(min=0, help="Of mixed load afterwards.")] = 10,
) -> None:
    """Memory for documents that never come again, alone and beside other load with a source that comes and goes."""
    with problems_shown():
        found = remembering.measured(documents=count, minutes=minutes)
    out.print(documents_table(found))
    say_verdicts(found.verdicts())
    keep_beside({"documents": msgspec.to_builtins(found)})


@app.command()
def overlap(
    hot: Callers = overlaps.SHAPES["hot"], chain: Callers = overlaps.SHAPES["chain"], pages: Callers = overlaps.SHAPES["pages"]
) -> None:
    """How long requests hold the event loop that ask for keys of each other while a source is busy."""
    with problems_shown():
        found = overlaps.measured({"hot": hot, "chain": chain, "pages": pages})
    out.print(overlap_table(found))
    say_verdicts(verdict for one in found for verdict in one.verdicts())
    keep_beside({"overlap": msgspec.to_builtins(found)})


@app.command()
def lines(
    rounds: Annotated[int, typer.Option(min=1, help="How often everything has its turn.")] = 10,
    databases: Annotated[str, typer.Option(help="Which databases, with commas.")] = ",".join(baskets.DATABASES),
) -> None:
    """What orders, figures and tags take that are made of 1.4 million lines by GROUP BY, beside hand-written statements."""
    with problems_shown():
        found = baskets.measured(choose_names(databases, list(baskets.DATABASES)), rounds=rounds)
    out.print(lines_table(found))
    say_verdicts(one.verdict() for one in found)
    keep_beside({"lines": [{**msgspec.to_builtins(one), "ratio": one.ratio} for one in found]})


@app.command()
def telemetry(
    rounds: Annotated[int, typer.Option(min=1, help="How often everything has its turn.")] = 100,
    requests: Annotated[int, typer.Option(min=100, help="How many make a turn.")] = 1000,
    query: Annotated[str, typer.Option(help="What is asked.")] = "Q1",
    before: Annotated[Path | None, typer.Option(file_okay=False, exists=True, help="A tree without metrics.")] = None,
) -> None:
    """What metrics and traces cost of a request's CPU."""
    with problems_shown():
        (chosen,) = choose_names(query, list(GATEWAY_QUERIES))
        tree = before and before.resolve()
        found = observed.measured(chosen, rounds=rounds, requests=requests, before=tree)
    out.print(telemetry_table(found))
    say_verdicts(found.verdicts())
    keep_beside({"telemetry": msgspec.to_builtins(found)})


@app.command()
def audited(
    rounds: Annotated[int, typer.Option(min=2, help="How often everything has its turn.")] = 100,
    requests: Annotated[int, typer.Option(min=100, help="How many make a turn.")] = 1000,
    query: Annotated[str, typer.Option(help="What is asked.")] = "Q1",
    rate: Annotated[float, typer.Option(min=1, help="Requests a second whose times are measured.")] = 700,
    seconds: Seconds = 5,
) -> None:
    """What the audit costs of a request's CPU, and of its time."""
    with problems_shown():
        (chosen,) = choose_names(query, list(GATEWAY_QUERIES))
        found = audit.measured(chosen, rounds=rounds, requests=requests, rate=rate, seconds=seconds)
    for way in found.cpu_us:
        out.print(found.latency.describe_way(way))
    say_verdicts(found.verdicts())
    keep_beside({"audit": msgspec.to_builtins(found)})


@app.command()
def evidence(
    rounds: Annotated[int, typer.Option(min=1, help="How often the gateway is killed.")] = 20,
    away: Annotated[float, typer.Option(min=0, help="For how many seconds MongoDB is away in one of them.")] = 60,
) -> None:
    """Whether the audit has what clients were answered before all processes are killed."""
    with problems_shown():
        found = proof.measured(rounds=rounds, away_s=away)
    out.print(f"{found.answered:,} answers, {found.entries:,} entries in the audit")
    say_verdicts(found.verdicts())
    keep_beside({"evidence": msgspec.to_builtins(found)})


@app.command()
def views(
    rounds: Annotated[int, typer.Option(min=2, help="How often everything has its turn.")] = 60,
    requests: Annotated[int, typer.Option(min=10, help="How many make a turn.")] = 400,
    query: Annotated[str, typer.Option(help="What is asked: Q1, Q2 or Q3.")] = "Q1",
    seconds: Annotated[int, typer.Option(min=1, help="How long one view, and four, ask in each of five turns.")] = 3,
) -> None:
    """What it costs to know a caller by a key or a token, and to show him less; calls with four views side by side."""
    with problems_shown():
        (chosen,) = choose_names(query, list(GATEWAY_QUERIES))
        side_by_side = rights.mixed(chosen, rounds=5, seconds=seconds)
        found = rights.measured(chosen, rounds=rounds, requests=requests)
    for way in found.cpu_us:
        out.print(f"{way}: {found.undisturbed_us(way):.0f} µs of CPU a request, {found.speed(way):.0%}", highlight=False)
    say_verdicts([*found.verdicts(), *side_by_side.verdicts()])
    keep_beside({"views": msgspec.to_builtins(found), "calls": msgspec.to_builtins(side_by_side)})


@app.command()
def members(
    rounds: Annotated[int, typer.Option(min=2, help="How often everything has its turn.")] = 40,
    requests: Annotated[int, typer.Option(min=100, help="How many make a turn.")] = 1000,
    query: Annotated[str, typer.Option(help="What is asked: Q1 or Q2.")] = "Q1",
) -> None:
    """What it costs that three sources know a customer, from nothing and from what is stored."""
    with problems_shown():
        (chosen,) = choose_names(query, ["Q1", "Q2"])
        found = member_costs.measured(chosen, rounds=rounds, requests=requests)
    for way in found.cpu_us:
        cpu_us, share, speed = found.undisturbed_us(way), found.share(way), found.speed(way)
        out.print(
            f"{way}: {cpu_us:.0f} µs of CPU a request ({share:.0%}), {speed:.0%} of the requests per second", highlight=False
        )
    say_verdicts(found.verdicts())
    keep_beside({"members": msgspec.to_builtins(found)})


@app.command()
def profile(
    query: Annotated[str, typer.Argument(help="Q1, Q2 or Q3, an operation, or a file `.graphql` that holds one.")],
    variables: Annotated[str | None, typer.Option(help="Its variables, as a JSON object.")] = None,
    config: Annotated[Path | None, typer.Option(help="Settings of your own instead of the four sources.")] = None,
    callers: Callers = 32,
    seconds: Seconds = 5,
) -> None:
    """Where the gateway's time goes: functions by their own time, then the tree of calls."""
    with problems_shown():
        for text in profiling.profiled(profiling.bodies_of(query, variables), config, callers=callers, seconds=seconds):
            typer.echo(text)


def _show_contests(name: str, contests: list[Contest], floors: Floors) -> None:
    for contest in contests:
        of_callers = floors.get(contest.callers, {})
        own = {server: ratios[contest.query] for server, ratios in of_callers.items() if contest.query in ratios}
        out.print(contest_table(contest, own), end="\n\n")
    keep_beside({name: {f"{contest.query}, {contest.callers}": contest.document() for contest in contests}})


if __name__ == "__main__":
    app()
