"""The worked examples of docs/contribute do what their pages say."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .examples import PAGES, ROOT, Workspace, blocks, changed

# three programs of Node take a while where others keep the machine busy
pytestmark = [pytest.mark.first, pytest.mark.timeout(600)]

# what buildtools/reference.py reads and writes
REFERENCE = ("buildtools/reference.py", "docs/reference", "schema")
COMMAND_TABLE = ("buildtools/command_table.py", "buildtools/name_completion.py")

EXAMPLES = sorted(page.name for page in PAGES.glob("*.md") if blocks(page.name))


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Callable[[str], Workspace]]:
    """Provide a maker of workspaces; the dispatcher that commands start stops with the test."""
    made: list[Workspace] = []

    def make(page: str) -> Workspace:
        made.append(Workspace(tmp_path, page))
        return made[-1]

    yield make
    for each in made:
        each.close()


Make = Callable[[str], Workspace]


def test_new_operation_reaches_rest_client_and_shell(workspace: Make):
    """It is also in the OpenAPI document and on the reference page."""
    example = workspace("add-operation.md")
    example.copy_sources("tests/unit/services/conftest.py", *COMMAND_TABLE, *REFERENCE)
    laid = example.lay()
    example.lint(*laid)
    assert "4 passed" in example.pytest("tests/unit")
    example.run()
    document = (example.folder / "jupyter_ext/nbyard/rest/openapi.json").read_text()
    assert '"kernels.get"' in document


@pytest.mark.long
def test_new_writing_operation_has_a_command_and_a_view(workspace: Make):
    example = workspace("add-writing-operation.md")
    example.copy_sources(
        "tests/unit/services/conftest.py", "tests/unit/cli/conftest.py", *COMMAND_TABLE
    )
    example.lint(*example.lay())
    example.run()  # the test of the command finds it in the table
    assert "5 passed" in example.pytest("tests/unit")


@pytest.mark.long
def test_new_field_has_an_option_a_spelling_and_a_place_in_the_store(workspace: Make):
    example = workspace("add-field.md")
    example.copy_sources(
        "tests/unit/services/conftest.py", "tests/unit/cli/conftest.py", *COMMAND_TABLE
    )
    example.lint(*example.lay())
    assert "1 passed" in example.pytest("tests/unit/cli/commands/projects/test_contacts.py")
    example.run()
    document = (example.folder / "jupyter_ext/nbyard/rest/openapi.json").read_text()
    assert '"Person or address' in document


@pytest.mark.long
def test_new_setting_is_in_environment_and_reference(workspace: Make):
    example = workspace("add-setting.md")
    example.copy_sources("tests/unit/services/conftest.py", *REFERENCE)
    example.lint(*example.lay())
    assert "1 passed" in example.pytest("tests/unit")
    example.run()


@pytest.mark.long
def test_first_change_is_visible_in_the_shell(workspace: Make):
    example = workspace("first-change.md")
    example.copy_sources("tests/unit/services/conftest.py")
    example.lint(*example.lay())
    assert "1 passed" in example.pytest("tests/unit")
    example.run()


@pytest.mark.long
@pytest.mark.skipif(shutil.which("sqlite3") is None, reason="sqlite3 is not installed")
def test_debugging_commands_show_stores_and_attempts(workspace: Make):
    example = workspace("debugging.md")
    example.lay()
    example.run()


@pytest.mark.long
def test_new_migration_upgrades_older_stores(workspace: Make):
    example = workspace("add-migration.md")
    example.copy_sources(
        *("tests/unit/store/conftest.py", "tests/unit/store/rows.py"),
        "tests/unit/store/test_migrate.py",
    )
    example.lint(*example.lay())
    said = example.pytest("tests/unit/store/test_colours.py", "tests/unit/store/test_migrate.py")
    assert "passed" in said
    example.run()


@pytest.mark.long
def test_new_importer_reads_files_of_another_program(workspace: Make):
    """The importer is in its own distribution, with an entry point."""
    example = workspace("add-importer.md")
    laid = example.lay()
    example.install()
    example.lint(*laid)
    said = example.pytest("test_nbyard_boutiques.py")
    assert "passed" in said and "skipped" not in said
    example.run()


@pytest.mark.long
def test_new_panel_compiles_and_passes_its_test(workspace: Make):
    example = workspace("add-panel.md")
    example.copy_browser()
    laid = example.lay()
    example.lint_browser(laid)
    (spec,) = [str(path) for path in laid if path.name.endswith(".spec.tsx")]
    assert "2 passed" in example.call("npx", "jest", spec)


@pytest.mark.long
def test_new_noun_reaches_service_rest_client_shell_and_browser(workspace: Make):
    example = workspace("add-noun.md")
    example.copy_sources(
        *("tests/unit/services/conftest.py", "tests/unit/cli/conftest.py", *COMMAND_TABLE)
    )
    example.copy_browser()
    laid = example.lay()
    example.lint(*laid)
    example.run()  # the tests find the commands in the table, and the browser its types
    assert "4 passed" in example.pytest("tests/unit/services/test_bookmarks.py")
    document = (example.folder / "jupyter_ext/nbyard/rest/openapi.json").read_text()
    assert '"bookmarks.update"' in document
    example.lint_browser(laid)


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("page", "tests"),
    [
        ("add-kind.md", "test_nbyard_awk.py"),
        ("add-runtime.md", "test_nbyard_nice.py"),
        ("add-serving-mode.md", "test_nbyard_lines.py"),
    ],
)
def test_new_extension_passes_its_conformance_suite(workspace: Make, page: str, tests: str):
    """The extension is in its own distribution, with an entry point."""
    example = workspace(page)
    laid = example.lay()
    example.install()
    example.lint(*laid)
    said = example.pytest(tests)
    assert "passed" in said and "skipped" not in said
    example.run()


@pytest.mark.parametrize("page", EXAMPLES)
def test_changes_of_each_page_apply_to_the_sources(page: str):
    texts: dict[str, str] = {}
    for act, path, text in blocks(page):
        if act == "file":
            texts[path] = text
        elif act == "change":
            texts[path] = changed(texts.get(path) or (ROOT / path).read_text("utf-8"), text)
    for path, text in texts.items():
        if path.endswith(".py"):
            compile(text, path, "exec")


def test_every_page_with_an_example_is_tested():
    here = Path(__file__).parent
    tests = "".join(path.read_text() for path in here.glob("test_*.py"))
    assert [page for page in EXAMPLES if page not in tests] == []
