"""A4: names are completed."""

import pytest
from click.shell_completion import ShellComplete

from nbyard.cli.main import nbyard
from nbyard.cli.name_completion import BY_PLACE, NOUNS
from nbyard.domain.callers import Caller
from nbyard.domain.projects.structs import NewProject
from nbyard.rest.identity import local_name
from nbyard.services.operation_table import table

from ..store.rows import Rows


@pytest.fixture
def completed(shell, yard):
    """Return what a shell offers for words in the store of `yard`."""
    with yard.store.write() as c:
        from nbyard.host.server_names import LOCAL

        assert LOCAL == "local"
        rows = Rows(yard.store, c)
        for name in ("penguins", "pens", "other", "with space"):
            rows.dataset(name, local_name())
        rows.executable("clean", local_name(), "clean.ipynb")
        rows.run("nightly", local_name())
        rows.run(None, local_name())

    def found(*words: str) -> list[str]:
        made = ShellComplete(nbyard, {}, "nbyard", "_NBYARD_COMPLETE")
        return [one.value for one in made.get_completions([*words[:-1]], words[-1])]

    return found


def test_names_of_the_store_are_offered(completed) -> None:
    assert completed("datasets", "show", "pen") == ["penguins", "pens"]
    assert completed("datasets", "show", "") == ["other", "penguins", "pens"]
    assert completed("runs", "log", "") == ["2", "nightly"]
    assert completed("runs", "why", "nightly", "n") == ["nightly"]
    assert completed("run", "c") == ["clean", "c"]
    assert completed("datasets", "add", "pen") == []


def test_projects_of_the_group_are_offered(completed, yard) -> None:
    yard.services.projects.create(Caller(local_name()), NewProject("wine"))
    assert completed("--project", "w") == ["wine"]


def test_an_unknown_server_offers_nothing(completed) -> None:
    assert completed("datasets", "show", "--server", "nosuch", "") == []


def test_each_noun_has_a_list() -> None:
    lists = {one.noun for one in table() if one.verb == "list"}
    assert {f"{noun}s" for noun in NOUNS} | {*BY_PLACE.values()} <= lists
