"""Build the docs as pages: `python scripts/site.py FOLDER`. `make site` installs what it needs.

Any server of files can show them. No fonts, scripts or styles are loaded from elsewhere, and the search runs in the browser.
What they lead through is the table of README.md; pages of folders follow.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = {"docs/tags": "Tags", "docs/operations": "Operations", "docs/decisions": "Decisions"}
SETTINGS = """
[project]
site_name = "Profile Gateway"
docs_dir = "pages"
site_dir = "site"
use_directory_urls = false
nav = {nav}
[project.extra]
generator = false
[project.theme]
language = "en"
font = false
features = ["content.code.copy", "navigation.footer", "navigation.indexes", "search.highlight"]
[[project.theme.palette]]
media = "(prefers-color-scheme: light)"
scheme = "default"
[[project.theme.palette]]
media = "(prefers-color-scheme: dark)"
scheme = "slate"
[project.markdown_extensions]
toc.permalink = true
pymdownx.superfences = {{}}
pymdownx.highlight.pygments_lang_class = true
"""


def read_sections(readme: str) -> dict[str, list[str]]:
    """Read the table of what to read: pages by what one wants to do, each page once."""
    seen: set[str] = set()
    sections: dict[str, list[str]] = {}
    for wish, cell in re.findall(r"^\| ([a-z][^|]*) \| ([^|]*\]\([^|]*) \|$", readme, re.MULTILINE):
        targets = [target.partition("#")[0] for target in re.findall(r"\]\(([^)]+)\)", f"{cell} {wish}")]
        pages = [target if target.endswith(".md") else f"{target.rstrip('/')}/README.md" for target in targets]
        fresh = [page for page in dict.fromkeys(pages) if page not in seen and (ROOT / page).is_file()]
        seen.update(fresh)
        if fresh:
            sections[re.split(r"[:;,]", wish)[0].capitalize()] = fresh
    for folder, title in FOLDERS.items():
        pages = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*.md"))
        if others := [page for page in pages if page not in seen]:
            sections[title] = others
    return sections


def write_pages(folder: Path) -> None:
    """Write the pages and the settings of the generator. Links between pages stay as they are."""
    pages = folder / "pages"
    for path in [*ROOT.glob("*.md"), ROOT / "schema.graphql", ROOT / "LICENSE"]:
        pages.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, pages)
    for name in ("docs", "deploy"):
        shutil.copytree(ROOT / name, pages / name)
    sections = read_sections((ROOT / "README.md").read_text("utf-8"))
    rows = [f'{{ "{title}" = {links!r} }}'.replace("'", '"') for title, links in sections.items()]
    nav = "[\n" + ",\n".join(['{ "Start" = "README.md" }', *rows]) + ",\n]"
    (folder / "zensical.toml").write_text(SETTINGS.format(nav=nav), "utf-8")


def build_site(folder: Path) -> Path:
    """Build the site anew in a folder, and give where its pages are. Raises `CalledProcessError`."""
    shutil.rmtree(folder, ignore_errors=True)
    write_pages(folder)
    subprocess.run([sys.executable, "-m", "zensical", "build", "--clean"], cwd=folder, check=True)
    return folder / "site"


if __name__ == "__main__":
    print(f"To look at the pages: python -m http.server --directory {build_site(Path(sys.argv[1]))}")
