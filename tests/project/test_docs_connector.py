"""The connector that docs/connectors.md shows keeps the contract, by the test that the page shows."""

import sys
from types import ModuleType

from tests.support.markdown import blocks
from tests.support.paths import ROOT

PAGE = ROOT / "docs" / "connectors.md"
SHOWN, ITS_TEST, *_ = (compile(block.text, str(PAGE), "exec") for block in blocks(PAGE) if block.language == "python")

# Where the page says that the file goes, so that the second block can import the first.
module = sys.modules["connectors.tills"] = ModuleType("connectors.tills")
exec(SHOWN, module.__dict__)
exec(ITS_TEST)
