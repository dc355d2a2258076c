"""The bundle that is committed is the one that its sources give."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.node_packages import installed
from tests.support.paths import ROOT

PAGES = ROOT / "gateway" / "pages"
BUILT = ("bundle/app.js", "bundle/app.css", "bundle/documents.json", "web/src/generated/operations.ts")


@pytest.mark.timeout(300)
def test_it_is_built_again_byte_for_byte(tmp_path: Path):
    """Types are generated from the schema, checked and bundled, in a copy: what comes out is what is committed."""
    installed(PAGES / "web")
    copy = tmp_path / "gateway" / "pages"
    shutil.copytree(PAGES / "web", copy / "web", ignore=shutil.ignore_patterns("node_modules", "generated"))
    shutil.copy(ROOT / "schema.graphql", tmp_path)
    (copy / "web" / "node_modules").symlink_to(PAGES / "web" / "node_modules")
    (copy / "bundle").mkdir()
    npm = shutil.which("npm")
    assert npm is not None
    subprocess.run([npm, "run", "--silent", "build"], cwd=copy / "web", check=True, timeout=240)
    for name in BUILT:
        assert (copy / name).read_bytes() == (PAGES / name).read_bytes(), f"{name} is not what `make pages` writes"


def test_the_lock_names_no_registry():
    """Packages come from the registry of who installs them, checked by their sums."""
    lock = (PAGES / "web" / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock
    assert lock.count('"integrity"') > 50
