"""The example on the page is what a run of it gives, but for times."""

import re

from tests.support.markdown import blocks
from tests.support.paths import ROOT
from tests.support.telemetry_example import QUERY, run_example


def masked(lines):
    """The lines without what differs from run to run, in alphabetic order."""
    return sorted(
        line.rsplit(" ", 1)[0] if line.startswith("gateway_") and "_sum{" in line else re.sub(r" +\d+\.\d(?= .)", " T", line)
        for line in lines
    )


async def test_the_example_on_the_page_can_be_run_again():
    """The same counters move, and the same spans are made."""
    shown = [block.text for block in blocks(ROOT / "docs" / "operations" / "metrics.md")]
    query, moved, spans = shown[:3]
    metrics_now, spans_now = await run_example()
    assert query.strip() == QUERY.strip()
    assert masked(moved.strip().splitlines()) == masked(metrics_now)
    assert masked(spans.strip().splitlines()) == masked(spans_now)
