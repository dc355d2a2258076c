"""The check of settings in a process of its own."""

import json
import os
import subprocess
import sys

from tests.serving.conftest import ProbeConfig
from tests.support.paths import ROOT

CHECK = """
import asyncio, json, sys
from pathlib import Path
from gateway.replay.modes import UNTOUCHED
from gateway.serving import dry_run
from gateway.serving.child_processes import Children
from gateway.serving.configuration import read_configuration

async def main():
    dry_run.MAX_CHECK_S = 1
    children = Children()
    children.watch()
    print(json.dumps(await dry_run.find_problems(children, read_configuration(Path(sys.argv[1]), UNTOUCHED))))

asyncio.run(main())
"""


def test_a_source_that_hangs_when_it_is_made_holds_up_no_reload(probes: ProbeConfig):
    """The system ends the process, and the problem says what to look for."""
    (probes.folder / "crm" / "stall").touch()
    done = subprocess.run(
        [sys.executable, "-c", CHECK, str(probes.file)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (ROOT, probes.kinds)))},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert json.loads(done.stdout) == [
        "the settings were not checked within 1 seconds; correct the source that hangs when it is made"
    ]
