"""The docs cover every setting, operation, command and error, and their links work."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from nbyard.cli.main import nbyard
from nbyard.services.operation_table import SERVICES, table
from nbyard.settings import Settings
from nbyard.store.schema import tables
from reference import COMMANDS_OF, commands, error_codes, pages

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "benchmarks/README.md", *sorted(DOCS.rglob("*.md"))]
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
MAX_README_LINES = 80


def text(name: str) -> str:
    return (DOCS / name).read_text()


def test_generated_pages_match_the_code():
    stale = [
        name
        for name, made in pages().items()
        if not (DOCS / "reference" / name).is_file() or text(f"reference/{name}") != made
    ]
    assert stale == [], "run: python buildtools/reference.py"


@pytest.mark.parametrize("name", sorted(Settings.class_trait_names(config=True)))
def test_each_setting_is_documented_with_its_help(name):
    assert f"| `{name}` |" in text("reference/settings.md")
    assert Settings.class_traits()[name].help


def test_each_operation_is_documented():
    listed = text("reference/operations.md")
    for operation in table():
        assert f"`{operation.id}`" in listed
        assert operation.summary, operation.id
        assert f"## {operation.id}\n" in text(f"reference/{operation.noun}.md")


@pytest.mark.parametrize(("operation", "words"), COMMANDS_OF.items())
def test_an_operation_links_the_command_written_for_it(operation, words):
    assert operation in {each.id for each in table()}
    page = text(f"reference/{operation.partition('.')[0]}.md")
    section = page.partition(f"## {operation}\n")[2].partition("\n## ")[0]
    link = f"[`nbyard {words}`](cli.md#nbyard-{words.replace(' ', '-')})"
    assert link in section
    assert f"## nbyard {words}\n" in text("reference/cli.md")


def test_each_command_is_documented_with_its_help():
    listed = text("reference/cli.md")
    for words, command in commands(nbyard):
        assert command.help, words
        if not isinstance(command, click.Group):
            assert f"## {words}\n" in listed


def test_each_error_code_is_documented_with_its_text():
    listed = text("reference/errors.md")
    for code, cls in error_codes().items():
        assert f"| `{code}` |" in listed
        assert cls.__doc__, code


def test_each_entry_point_group_is_documented():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    listed = text("reference/extension-points.md")
    assert [group for group in project["entry-points"] if f"`{group}`" not in listed] == []


def headings() -> set[str]:
    return {line[3:].lower() for line in text("glossary.md").splitlines() if line.startswith("## ")}


def known(name: str) -> bool:
    """Return whether the glossary has a noun, in singular or plural; of two words, both."""
    words = name.split("_")
    return all(word in headings() or word.removesuffix("s") in headings() for word in words)


def test_each_noun_of_services_and_tables_is_in_the_glossary():
    services = {cls.noun for cls in SERVICES}
    assert {name for name in services | set(tables.metadata.tables) if not known(name)} == set()


def test_the_glossary_is_sorted():
    found = [line for line in text("glossary.md").splitlines() if line.startswith("## ")]
    assert found == sorted(found)


def slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    return {slug(line.lstrip("#")) for line in page.read_text().splitlines() if line[:1] == "#"}


def links(page: Path) -> Iterator[str]:
    yield from (link for link in LINK.findall(page.read_text()) if "://" not in link)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_have_existing_targets(page):
    for link in links(page):
        target, _, anchor = link.partition("#")
        place = (page.parent / target).resolve() if target else page
        assert place.exists(), link
        assert not anchor or anchor in anchors(place), link


def test_every_page_is_reachable_from_the_index():
    seen, todo = set(), [DOCS / "index.md"]
    while todo:
        page = todo.pop()
        if page not in seen:
            seen.add(page)
            places = ((page.parent / link.partition("#")[0]).resolve() for link in links(page))
            todo += [place for place in places if place.suffix == ".md"]
    assert set(DOCS.rglob("*.md")) - seen == set()


def test_readme_fits_two_screens():
    lines = (ROOT / "README.md").read_text().splitlines()
    assert len(lines) <= MAX_README_LINES
    assert [line for line in lines[:10] if line.startswith("./try ")]


def test_pages_with_a_migration_show_the_newest_and_add_the_next():
    folder = ROOT / "jupyter_ext/nbyard/store/migrations/versions"
    newest = max(path.name for path in folder.glob("0*.py"))
    assert f"| tail -1\n   {newest}\n" in text("contribute/add-migration.md")
    known = {newest[:4], f"{int(newest[:4]) + 1:04}"}
    for page in ("add-field", "add-migration", "add-noun"):
        numbers = set(re.findall(r"(?<!\d)0\d{3}(?!\d)", text(f"contribute/{page}.md")))
        assert numbers == known, f"raise the numbers of {page}.md"
