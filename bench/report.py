"""Figures as tables for people and as a document for programs."""

from statistics import median
from typing import Any

from rich.table import Table

from bench.databases.comparison import Contest
from bench.dead import Death
from bench.documents import Remembered
from bench.flaky import Flaky
from bench.greedy import Greed
from bench.incident import PHASES, Incident
from bench.lines import ByHand
from bench.overlap import Overlap
from bench.peers import PEERS
from bench.speed import FLOORS, ONE_CALLER_FLOORS, Measured
from bench.storm import Storm
from bench.tagged import Beside
from bench.telemetry import Overhead

SERVERS = ("gateway", *PEERS)


def speed_table(one: Measured) -> Table:
    """Fastest first."""
    title = f"{one.query}, {one.callers} caller{'s' if one.callers > 1 else ''}"
    table = Table("Server", "Requests/s", "p50 ms", "p99 ms", "Ratio", "Spread", "Floor", title=title, title_justify="left")
    floors = (FLOORS if one.callers > 1 else ONE_CALLER_FLOORS).get(one.query, {})
    for server in sorted(one.rounds, key=lambda name: -one.median(name, "rps")):
        figures = [f"{one.median(server, 'rps'):,.0f}", *(f"{one.median(server, name):.2f}" for name in ("p50_ms", "p99_ms"))]
        table.add_row(server, *figures, *_beside(one.ratios(server), floors.get(server)))
    return table


def _beside(ratios: list[float], floor: float | None) -> tuple[str, str, str]:
    if not ratios:
        return "", "", ""
    middle = median(ratios)
    style = "green" if floor is None or middle >= floor else "red"
    found = "" if floor is None else f"{floor:g} x"
    return f"[{style}]{middle:.2f} x[/]", f"{min(ratios):.2f} to {max(ratios):.2f}", found


def calls_line(one: Measured) -> str:
    calls = ", ".join(f"{kind} {count:.2f}" for kind, count in one.calls_per_request().items())
    return f"Calls to each source for a request to the gateway: {calls}"


def tags_table(found: list[Beside]) -> Table:
    columns = ("Query", "Without, req/s", "With tags", "Share", "Read each time", "Share")
    table = Table(*columns, title="Tags from MongoDB", title_justify="left")
    for one in found:
        row = [one.query, f"{median(one.without_tags):,.0f}"]
        for rounds, ratios in ((one.with_tags, one.ratios), (one.read_each_time, one.ratios_each_time)):
            row += [f"{median(rounds):,.0f}", f"{median(ratios):.0%} ({min(ratios):.0%} to {max(ratios):.0%})"]
        table.add_row(*row)
    return table


def incident_table(found: Incident) -> Table:
    table = Table("Orders", "Requests/s", "Share", "p50 ms", "p99 ms", "Most ms", "MB", "Files", title_justify="left")
    table.title, table.caption = "One source fails", "Memory and open files of the gateway are those of the last round."
    for phase in PHASES:
        share = "" if phase == "healthy" else f"{median(found.ratios(phase)):.0%}"
        times = [f"{found.median(phase, 'p50_ms'):.1f}", f"{found.median(phase, 'p99_ms'):.1f}", f"{found.most_ms(phase):,.0f}"]
        seen = found.seen[phase][-1]
        table.add_row(
            phase, f"{found.median(phase, 'rps'):,.0f}", share, *times, f"{seen.resident_mb:.0f}", f"{seen.open_files}"
        )
    return table


def dead_table(found: list[Death]) -> Table:
    table = Table("Orders", "Requests", "Calls", "Breaker opened", "p50 ms", "Most ms", "Complete again", title_justify="left")
    table.title, table.caption = "One source is dead", "Times are from its death, and from when it was back."
    for one in found:
        opened = "never" if one.opened_after_s is None else f"after {one.opened_after_s:.1f} s"
        times = [f"{one.p50_ms:.1f}", f"{one.most_ms:,.0f}", f"after {one.complete_after_s:.1f} s"]
        table.add_row(one.way, f"{one.requests:,}", f"{one.calls:,} ({one.share:.2%})", opened, *times)
    return table


def flaky_table(found: list[Flaky]) -> Table:
    table = Table(
        "Called", "Requests", "Complete", "Calls", "Failed", "Extra", title="One source is flaky", title_justify="left"
    )
    for one in found:
        extra = f"{one.extra:,} ({one.extra_share:.1%})"
        table.add_row(one.setting, f"{one.requests:,}", f"{one.share:.1%}", f"{one.calls:,}", f"{one.failed:,}", extra)
    return table


def greedy_table(found: Greed) -> Table:
    table = Table(
        "Round", "p50 ms", "p99 ms", "Beside him, p50 ms", "p99 ms", "Ratio", title_justify="left", caption_justify="left"
    )
    table.title = f"{found.callers} callers of {found.query}, without and beside one who asks for {found.records:,} records"
    size = f"{found.greedy_bytes / 1e6:.1f} MB"
    table.caption = f"He had {found.greedy_answers} answers of {size}, the median after {found.greedy_ms:,.0f} ms."
    for place, (alone, beside) in enumerate(zip(found.alone, found.beside, strict=True)):
        times = [f"{one:,.0f}" for one in (alone.p50_ms, alone.p99_ms, beside.p50_ms, beside.p99_ms)]
        table.add_row(f"{place + 1}", *times, f"{found.ratios[place]:.1f}")
    return table


def storm_table(found: Storm) -> Table:
    title = f"{found.callers} callers who hang up after a second and ask again"
    table = Table("", "", title=title, title_justify="left", show_header=False)
    for name, value in {
        "Asked, answered, refused": f"{found.asked:,}, {found.answered:,}, {found.refused:,}",
        "Calls to sources during the storm": f"{found.calls_during:,}",
        "Calls to sources afterwards": f"{found.calls_after:,}",
        "{__typename} afterwards": f"{found.nothing_ms:,.0f} ms",
        "A query afterwards": f"{found.query_ms:,.0f} ms (before: {found.usual_ms:,.0f} ms)",
        "As quick as usual": f"after {found.normal_after_s:,.1f} s",
        "Memory before, at the end, afterwards": f"{found.before_mb:.0f}, {found.storm_mb:.0f}, {found.after_mb:.0f} MB",
    }.items():
        table.add_row(name, value)
    return table


def telemetry_table(found: Overhead) -> Table:
    table = Table("Way", "CPU us, median", "Least disturbed tenth", "More", title=f"Metrics and traces, {found.query}")
    table.title_justify = "left"
    for way, rounds in found.cpu_us.items():
        more = f"{found.share(way):+.1%}" if found.share(way) else ""
        table.add_row(way, f"{median(rounds):,.1f}", f"{found.undisturbed_us(way):,.1f}", more)
    return table


def documents_table(found: Remembered) -> Table:
    table = Table("After", "MB", title="Documents that never come again", title_justify="left", caption_justify="left")
    table.caption = f"{found.per_second:,.0f} documents a second; then {found.requests:,} requests of a mixed load."
    table.add_row("start", f"{found.before_mb:.0f}")
    for one in found.by_documents:
        table.add_row(f"{one.at:,.0f} documents", f"{one.resident_mb:.0f}")
    for one in found.by_seconds:
        table.add_row(f"{one.at:,.0f} s of mixed load", f"{one.resident_mb:.0f}")
    table.add_row("idle", f"{found.idle_mb:.0f}")
    return table


def overlap_table(found: list[Overlap]) -> Table:
    table = Table("Keys", "Callers", "Answered", "Calls", "Longest turn ms", "Lag ms", "Total s", title_justify="left")
    table.title = "Requests that ask for keys of each other"
    for one in found:
        figures = ["" if value is None else f"{value:,.1f}" for value in (one.turn_ms, one.lag_ms, one.total_s)]
        table.add_row(one.shape, f"{one.callers:,}", f"{one.answered:,}", f"{one.calls:,}", *figures)
    return table


def lines_table(found: list[ByHand]) -> Table:
    columns = ("Database", "Asked", "Customers", "Source, ms", "By hand, ms", "Ratio", "Spread")
    table = Table(*columns, title="Orders made of lines, beside hand-written statements", title_justify="left")
    for one in found:
        times = [f"{median(rounds):.1f}" for rounds in (one.source_ms, one.hand_ms)]
        spread = f"{min(one.ratios):.2f} to {max(one.ratios):.2f}"
        table.add_row(one.database, one.task, f"{one.customers}", *times, f"{one.ratio:.2f} x", spread)
    return table


def contest_table(contest: Contest, floors: dict[str, float]) -> Table:
    """Fastest first, with the CPU that a request takes."""
    title = f"{contest.query}, {contest.callers} caller{'s' if contest.callers > 1 else ''}"
    columns = ("Server", "Requests/s", "p50 ms", "p99 ms", "Ratio", "Spread", "Floor", "CPU ms")
    table = Table(*columns, title=title, title_justify="left", caption_justify="left")
    table.caption = "CPU for a request: of the server, + of the database where it is a child."
    for server in sorted(contest.turns, key=lambda name: -contest.median(name, "rps")):
        times = [f"{contest.median(server, name):.2f}" for name in ("p50_ms", "p99_ms")]
        cpu_ms = " + ".join(f"{value:.2f}" for value in contest.cpu_ms(server) if value is not None)
        beside = _beside(contest.ratios(server), floors.get(server))
        table.add_row(server, f"{contest.median(server, 'rps'):,.0f}", *times, *beside, cpu_ms)
    return table


def document(measured: list[Measured], callers: int) -> dict[str, Any]:
    """Requests per second by query and server, all else under keys of its own."""
    many = [one for one in measured if one.callers == callers]
    single = [one for one in measured if one.callers == 1]
    asked = [one for one in measured if one.calls]
    return {
        **{one.query: {server: one.median(server, "rps") for server in SERVERS if server in one.rounds} for one in many},
        "callers": callers,
        "ratios": {one.query: _ratios(one) for one in many},
        "figures": {one.query: _figures(one) for one in many},
        "one_caller": {one.query: _figures(one) for one in single},
        "one_caller_ratios": {one.query: _ratios(one) for one in single},
        "upstream_calls": {f"{one.query}, {one.callers}": one.calls_per_request() for one in asked},
    }


def _ratios(one: Measured) -> dict[str, dict[str, float]]:
    found = {peer: one.ratios(peer) for peer in PEERS}
    return {peer: {"median": median(own), "min": min(own), "max": max(own)} for peer, own in found.items() if own}


def _figures(one: Measured) -> dict[str, dict[str, float]]:
    return {server: {name: one.median(server, name) for name in ("rps", "p50_ms", "p99_ms")} for server in one.rounds}
