"""What commands import: nothing that they do not need, so that they start at once."""

import subprocess
import sys

import pytest

HEAVY = (
    "sqlalchemy",
    "pymongo",
    "cel",
    "strawberry",
    "graphql",
    "uvicorn",
    "starlette",
    "phonenumbers",
    "splink",
    "duckdb",
    "pyarrow",
)
PROGRAM = """
import sys
from gateway.cli import app
try:
    app({words!r})
finally:
    print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)
"""


@pytest.mark.parametrize(
    "words", [["--help"], ["--version"], ["serve", "--help"], ["tags", "explain", "--help"], ["identity", "propose", "--help"]]
)
def test_help_imports_no_library_of_the_gateway(words: list[str]):
    """Neither the schema nor a driver nor a server is there when help is printed."""
    program = PROGRAM.format(words=words, heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stderr) == (0, "[]\n")


def test_a_schema_is_printed_without_a_driver():
    """Drivers are imported with the source that needs them."""
    program = PROGRAM.format(words=["schema"], heavy=("sqlalchemy", "asyncpg", "uvicorn", "gateway.demo.prepare"))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stderr) == (0, "[]\n")
