"""A worker that packs its metrics does not load what writes them, or what makes traces."""

import subprocess
import sys

from tests.support.paths import ROOT

PROGRAM = """
import sys
import gateway.app
from gateway.telemetry.metrics import snapshot
assert len(snapshot()) > 100
print(sorted({"prometheus_client", "opentelemetry"}.intersection(sys.modules)))
"""


def test_a_worker_loads_neither_library():
    """Both take a tenth of a second, and one of them is an extra."""
    run = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"
