"""Databases of any kind that a script fills, for what reads their catalogues."""

from pathlib import Path

from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine


async def run_script(url: str, *statements: str) -> None:
    """Run statements one after another. In MySQL keys are of a bounded length."""
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            for statement in statements:
                await connection.execute(text(statement.replace(":", "\\:")))
    finally:
        await engine.dispose()


def new_sqlite(folder: Path, name: str = "own.db") -> str:
    """The URL of an empty SQLite database."""
    path = folder / name
    path.touch()
    return str(make_url(f"sqlite+aiosqlite:///{path}"))
