"""Names are completed."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.shell_completion import ShellComplete

from name_completion import BY_PLACE
from nbyard.cli import stored_items
from nbyard.cli.lazy_commands import TABLE
from nbyard.cli.main import nbyard
from nbyard.domain.automations.structs import AutomaticRun, NewAutomation
from nbyard.domain.automations.times.structs import Phrase
from nbyard.domain.callers import Caller
from nbyard.domain.projects.structs import NewLink, NewProject
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
    assert completed("environments", "create", "pen") == []


def test_projects_of_the_group_are_offered(completed, yard) -> None:
    yard.services.projects.create(Caller(local_name()), NewProject("wine"))
    assert completed("--project", "w") == ["wine"]


def test_names_complete_options_too(completed) -> None:
    assert completed("automations", "create", "clean", "--on-dataset", "pen") == [
        "penguins",
        "pens",
    ]
    assert completed("runs", "ls", "--executable", "") == ["clean"]
    assert completed("runs", "ls", "--executable=c") == ["clean"]
    assert completed("runs", "bisect", "nightly", "") == ["2", "nightly"]
    assert completed("run", "clean", "--pin", "train=n") == ["train=nightly"]
    assert completed("run", "clean", "--pin", "n") == []


def test_names_inside_a_stored_item_are_offered(completed, yard) -> None:
    caller = Caller(local_name())
    projects = yard.services.projects
    projects.create(caller, NewProject("wine", metadata={"owner": "ada"}))
    assert completed("projects", "link", "wine", "dataset", "pen") == ["penguins", "pens"]
    projects.link(caller, "wine", NewLink("dataset", "pens"))
    assert completed("projects", "link", "wine", "dataset", "") == ["other", "penguins"]
    assert completed("projects", "unlink", "wine", "") == ["dataset"]
    assert completed("projects", "unlink", "wine", "dataset", "") == ["pens"]
    assert completed("projects", "link", "wine", "dataset", "pen") == ["penguins"]
    assert completed("projects", "update", "wine", "--unset", "") == ["owner"]
    assert completed("datasets", "preview", "pens", "--version", "") == ["1"]
    assert completed("datasets", "preview", "nosuch", "--version", "") == []


def test_earlier_names_are_offered_too(completed, yard, monkeypatch) -> None:
    monkeypatch.setattr(stored_items, "MOST", 2)
    with yard.store.write() as c:
        rows = Rows(yard.store, c)
        for name in ("oldest", "newer", "newest"):
            rows.dataset(name, local_name())
    assert completed("datasets", "show", "") == ["newer", "newest"]
    assert completed("datasets", "show", "ol") == ["oldest"]
    assert completed("run", "clean", "--input-file", "a=ol") == ["a=oldest"]


def test_more_than_a_page_of_a_project_is_offered(completed, yard, monkeypatch) -> None:
    caller, projects = Caller(local_name()), yard.services.projects
    projects.create(caller, NewProject("wine"))
    names = [f"d{number:02}" for number in range(60)]
    with yard.store.write() as c:
        rows = Rows(yard.store, c)
        for name in names:
            rows.dataset(name, local_name())
    assert completed("projects", "link", "wine", "dataset", "d") == names
    for name in names:
        projects.link(caller, "wine", NewLink("dataset", name))
    assert completed("projects", "unlink", "wine", "dataset", "d") == names
    monkeypatch.setattr(stored_items, "MOST", 2)
    assert completed("projects", "unlink", "wine", "dataset", "d00") == ["d00"]


def test_nodes_and_outputs_of_a_run_are_offered(completed, yard) -> None:
    with yard.store.write() as c:
        rows = Rows(yard.store, c)
        task = rows.task(rows.run("outputs", local_name()), "train")
        rows.artifact(task, "model")
    assert completed("runs", "log", "outputs", "") == ["train"]
    assert completed("runs", "lineage", "outputs", "--output", "") == ["model"]
    assert completed("models", "build", "--run", "outputs", "--output", "") == ["train.model"]
    assert completed("models", "build", "--output", "") == []


def test_names_of_configured_servers_are_offered(completed, tmp_path, monkeypatch) -> None:
    assert completed("runs", "ls", "--server", "") == []
    path = tmp_path / "config.toml"
    monkeypatch.setenv("NBYARD_CONFIG", str(path))
    path.write_text('[servers.hub]\nurl = "http://h/"\n[servers.gpu]\nurl = "http://g/"\n')
    assert completed("runs", "ls", "--server", "") == ["gpu", "hub", "local"]
    assert completed("doctor", "--server", "h") == ["hub"]
    path.write_text("[servers")
    assert completed("runs", "ls", "--server", "") == []


def test_words_of_fixed_lists_are_offered(completed) -> None:
    assert completed("runs", "ls", "--state", "") == [
        *("cancelled", "failed", "queued", "running", "succeeded"),
    ]
    assert completed("runs", "clean-up", "--state", "f") == ["failed"]
    assert completed("runs", "tasks", "1", "--state", "failed,ski") == ["failed,skipped"]
    assert "sleeping" in completed("deployments", "ls", "--state", "")
    assert completed("runs", "ls", "--origin", "au") == ["automation"]
    assert completed("channels", "create", "mail", "--on", "rec") == ["recovered"]
    assert completed("channels", "create", "mail", "--on", "failed,rec") == ["failed,recovered"]
    notify = ("automations", "create", "a.ipynb", "--notify")
    assert "mail:failed" in completed(*notify, "mail:")
    assert completed(*notify, "mail:failed,rec") == ["mail:failed,recovered"]
    zones = completed("automations", "create", "a.ipynb", "--zone", "Europe/Ber")
    assert zones == ["Europe/Berlin"]


def test_parameters_of_a_file_are_offered(completed, yard, monkeypatch) -> None:
    root = yard.context.files.root
    monkeypatch.chdir(root)
    source = "import nbyard\nnbyard.input('rate', 0.5)\nnbyard.input('rows', 3)\n"
    (root / "m.py").write_text(source)
    parameters = {"alpha": {"type": "float", "default": 0.1}}
    document = {"version": 1, "meta": {"id": "w", "parameters": parameters}, "nodes": {}}
    (root / "w.nbflow").write_text(json.dumps(document))
    assert completed("run", "m.py", "-p", "") == ["rate=", "rows="]
    assert completed("run", "m.py", "-p", "ra") == ["rate="]
    assert completed("run", "m.py", "-p", "rate=1", "--param", "ro") == ["rows="]
    assert completed("run", "w.nbflow", "-p", "") == ["alpha="]
    assert completed("automations", "create", "m.py", "-p", "ro") == ["rows="]
    run = AutomaticRun(path=str(root / "m.py"))
    wish = NewAutomation(run, Phrase("weekdays 8:00"), name="early")
    yard.services.automations.create(Caller(local_name()), wish)
    assert completed("automations", "update", "early", "-p", "ro") == ["rows="]
    assert completed("automations", "update", "gone", "-p", "ro") == []
    for missing in ("gone.py", "gone.nbflow", "gone"):
        assert completed("run", missing, "-p", "") == []
    assert completed("run", "-p", "") == []


def test_an_unknown_server_offers_nothing(completed) -> None:
    assert completed("datasets", "show", "--server", "nosuch", "") == []
    assert completed("datasets", "show", "--server=nosuch", "") == []


# What else commands take, by the reason why nothing stored completes it.
UNSTORED = {
    "a new name": {
        *("--name", "--tag", "--namespace", "--title"),
        *("init name", "environments create name", "channels create name"),
        *("projects create name", "credentials add name"),
    },
    "a number, an amount or a moment": {
        *("--at-most", "--at-once", "--attempt", "--column-offset", "--count", "--cpu", "--disk"),
        *("--gid", "--gpu", "--keep", "--limit", "--long-after", "--long-factor", "--max-size"),
        *("--memory", "--most", "--offset", "--older-than", "--per-minute", "--port"),
        *("--priority", "--rows", "--settle", "--since", "--span", "--start-seconds"),
        *("--stop-seconds", "--threshold", "--uid", "--until", "--at", "--window", "--cuda"),
        *("--from", "--gpus", "--queued-runs", "--lifetime", "--days"),
        *("quotas set --runs", "quotas set --deployments"),
        "shares create-link --expires",
    },
    "of an administrator": {
        *("--url", "--database", "--by", "--operation"),
        *(
            "admin deployments --user",
            "admin runs --user",
            "audit ls --user",
            "audit export --user",
        ),
        *("admin deployments --state", "admin runs --state"),
    },
    "free text": {
        "--text",
        *("--add", "--remove"),
        *("--criteria", "--description", "--evaluation-data", "--filter", "--goal"),
        *("--pattern", "--repository", "--requirements", "--search", "--sheet"),
        *("deployments create command", "deployments edit command"),
    },
    "a word of a fixed list, which help or the error shows": {
        *("--format", "--keep-prefix", "--kind", "--outcome", "--runtime"),
        "models register --output",
    },
    "NAME=VALUE or JSON that only this command gets": {
        *("--body", "--field", "--label", "--parameters", "--set", "--variable"),
        *(
            "call values",
            "run --output",
            "automations fire --param",
            "automations create --value",
            "automations update --value",
        ),
        *("credentials add --file", "credentials replace --file"),
    },
    "a column of the file": {"--sort"},
    "of the kind that another argument says": {
        *("shares grant resource", "shares ls resource", "shares revoke resource"),
        *("shares links resource", "shares create-link resource", "shares revoke-link resource"),
    },
    "several runs, with commas": {"runs tag runs"},
    "a page, as the page before it names it": {"--after"},
    "known to another program: Git, a package index, a registry, a hub": {
        *("--person", "shares grant name"),
        *("--changed", "--build-package", "--system-package", "environments create packages"),
        *("environments install packages", "images pull reference", "images push reference"),
    },
    "declared in a file, or in code": {
        *("run --only", "runs ls --node", "runs ls --order", "call operation", "--ask")
    },
}


def parameters() -> Iterator[tuple[str, str, dict[str, Any], set[str]]]:
    """Yield each parameter of the table that takes a value, with its command and its siblings."""
    with open(TABLE, encoding="utf-8") as file:
        table_of_commands = json.load(file)
    for noun, entry in table_of_commands.items():
        for verb, command in entry.get("commands", {"": entry}).items():
            taken = [*command.get("arguments", ()), *command.get("options", ())]
            siblings = {parameter["param_decls"][0] for parameter in taken}
            for parameter in taken:
                if not parameter.get("is_flag"):
                    names = parameter["param_decls"]
                    name = max(names[1:], key=len) if len(names) > 1 else names[0]
                    yield f"{noun} {verb}".strip(), name, parameter, siblings


def test_each_parameter_is_completed_or_has_a_reason() -> None:
    reasons = [name for names in UNSTORED.values() for name in names]
    assert len(reasons) == len(set(reasons))
    used = set()
    for command, name, parameter, _ in parameters():
        places = {name, f"{command} {name}"} & set(reasons)
        is_completed = bool(parameter.keys() & {"names", "type"})
        assert is_completed or places, f"{command} {name} is not completed"
        if not is_completed:
            used |= places
    assert set(reasons) - used == set()


def test_each_source_is_an_operation_and_has_what_it_needs() -> None:
    operations = {one.id: one for one in table()}
    for command, name, parameter, siblings in parameters():
        for source in parameter.get("names", ()):
            path, *pairs = source.lstrip("=,:").split()
            if path == "parameters":
                assert set(pairs) <= siblings, (command, name)
            if path in {"servers", "zones", "words", "parameters"}:
                continue
            noun, verb = (*path.partition(":")[0].split("."), "list")[:2]
            operation = operations[f"{noun}.{verb}"]
            given = dict(pair.split("=") for pair in pairs)
            assert set(given.values()) <= siblings, (command, name)
            needed = {field.name for field in operation.placed("path")}
            fields = {field.name for field in operation.fields}
            assert needed <= given.keys() <= fields, source


def test_each_place_of_the_table_exists() -> None:
    known = {(*command.rpartition(" ")[::2], name) for command, name, *_ in parameters()}
    assert BY_PLACE.keys() <= known
