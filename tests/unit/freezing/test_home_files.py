"""The mirror of a user's files gives operations the same files as the real folder."""

import json
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.support.home_connections import DirectConnection

from nbyard.domain.runs.structs import NewRun
from nbyard.domain.workflows.structs import CheckWorkflow
from nbyard.errors import Conflict, TooLarge
from nbyard.freezing.executable_versions import Freezer
from nbyard.freezing.freezing_context import FreezingContext
from nbyard.freezing.home_files import HomeFiles
from nbyard.freezing.runs.templates import freeze
from nbyard.settings import Settings
from nbyard.yard import Yard


@pytest.fixture
def service(yard: Yard) -> DirectConnection:
    return DirectConnection(yard)


@pytest.fixture
def mine(yard: Yard, service: DirectConnection) -> HomeFiles:
    return HomeFiles(yard.context.files, service, yard.settings)


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)


def bundle(context: Any, path: str) -> Any:
    """The fields of the version that freezing would store."""
    freezer = Freezer(context)
    return freezer.prepare(freezer.load(path))


def same(yard: Yard, service: DirectConnection, path: str) -> None:
    assert bundle(service.context, path) == bundle(yard.context, path)


def mirrored(service: DirectConnection) -> list[str]:
    files = (path for path in service.files.root.rglob("*") if path.is_file())
    names = sorted(path.relative_to(service.files.root).as_posix() for path in files)
    return [name for name in names if ".nbyard-mirror" not in name]


PROJECT = {
    "p/pyproject.toml": "",
    "p/.gitignore": "*.csv\nout/\n",
    "p/src/train.py": "import lib\nopen('../data.csv')\n",
    "p/lib.py": "x = 1\n",
    "p/data.csv": "a\n",
    "p/out/big.txt": "b",
    "p/key.pem": "secret",
    "p/.git/HEAD": "ref",
}


def test_code_brings_the_files_of_its_bundle_and_no_secrets(yard, service, mine, root):
    write(root, **PROJECT)
    (root / "p/empty").mkdir()
    os.chmod(root / "p/lib.py", 0o755)
    mine.send(["p/src/train.py::main", "p/src/train.py", "no/such", "\0", "p\n"])
    assert mirrored(service) == ["p/.gitignore", "p/lib.py", "p/pyproject.toml", "p/src/train.py"]
    same(yard, service, "p/src/train.py")


def test_a_project_whose_marker_no_bundle_has(yard, service, mine, root):
    write(root, **{"p/.git/HEAD": "ref", "p/a/x.py": "", "p/b.py": "", "p/a/.env": "TOKEN=1"})
    mine.send(["p/a/x.py"])
    assert mirrored(service) == ["p/a/x.py", "p/b.py"]
    same(yard, service, "p/a/x.py")


def test_code_without_a_project_brings_its_folder(yard, service, mine, root):
    write(root, **{"a/x.py": "", "a/sub/y.py": "", "b.py": "", "a/t.pem": ""})
    mine.send(["a/x.py"])
    assert mirrored(service) == ["a/sub/y.py", "a/x.py"]
    same(yard, service, "a/x.py")
    mine.send(["a/sub/y.py"])
    same(yard, service, "a/sub/y.py")


def test_a_large_folder_and_a_home(yard, service, root, monkeypatch):
    settings = Settings(
        store_dir=yard.settings.store_dir, max_bundle_bytes=50, max_local_bundle_bytes=500
    )
    small = {
        "x.py": "open('data/a.csv')\n",
        "y.py": "open('more/b.csv')\n",
        "data/a.csv": "a" * 40,
        "data/z.csv": "a" * 20,
        "more/b.csv": "b",
        "requirements.txt": "polars\n",
    }
    write(root, **small)
    monkeypatch.setenv("HOME", str(root))
    mine = HomeFiles(yard.context.files, service, settings)
    mine.send(["x.py"])
    mine.send(["y.py", "data/z.csv"])
    real, copy = (
        FreezingContext(settings, yard.store, yard.context.blobs, files)
        for files in (yard.context.files, service.files)
    )
    wanted = [bundle(real, path) for path in ("x.py", "y.py")]
    monkeypatch.setenv("HOME", "/nowhere")
    assert [bundle(copy, path) for path in ("x.py", "y.py")] == wanted
    assert "requirements.txt" in mirrored(service)


def test_unchanged_files_cost_no_request(service, mine, root):
    write(root, **PROJECT)
    mine.send(["p/lib.py"])
    asked = len(service.asked)
    mine.send(["p/lib.py", "p/src/train.py", "p"])
    assert len(service.asked) == asked
    write(root, **{"p/lib.py": "x = 2\n"})
    mine.send(["p/lib.py"])
    assert service.sent[1:] == [6]


def test_a_moved_folder_is_sent_without_its_bytes(yard, service, mine, root):
    write(root, **PROJECT)
    mine.send(["p/lib.py"])
    (root / "p").rename(root / "q")
    before = [*service.sent]
    mine.send(["p/lib.py", "q/lib.py"])
    assert service.sent == before
    same(yard, service, "q/lib.py")
    assert not (service.files.root / "p/lib.py").exists()


def test_a_folder_that_is_no_project_any_more(yard, service, mine, root):
    write(root, **{"p/pyproject.toml": "", "p/a.py": "", "p/q/pyproject.toml": "", "p/q/b.py": ""})
    mine.send(["p/q/b.py", "p/a.py"])
    (root / "p/q/pyproject.toml").unlink()
    mine.send(["p/q/b.py"])
    same(yard, service, "p/q/b.py")
    (root / "p/pyproject.toml").unlink()
    mine.send(["p/q/b.py"])
    same(yard, service, "p/q/b.py")


def test_a_file_becomes_a_folder_and_back(yard, service, mine, root):
    write(root, **{"p/pyproject.toml": "", "p/a.py": "", "p/x": "1"})
    mine.send(["p/a.py"])
    (root / "p/x").unlink()
    write(root, **{"p/x/y": "2"})
    mine.send(["p/a.py"])
    same(yard, service, "p/a.py")
    (root / "p/x/y").unlink()
    (root / "p/x").rmdir()
    write(root, **{"p/x": "3"})
    mine.send(["p/a.py"])
    same(yard, service, "p/a.py")


def test_a_workflow_brings_what_its_nodes_name(service, mine, root):
    def document(**nodes: Any) -> str:
        return json.dumps({"version": 1, "nodes": nodes, "edges": {}})

    values = {"type": "executable", "path": "../code/x.py"}
    sub = document(b=values, d={"type": "dataset", "path": "../raw/a.csv"})
    top = document(a={"type": "executable", "path": "subs/sub.nbflow"})
    write(
        root,
        **{
            "flows/top.nbflow": top,
            "flows/subs/sub.nbflow": sub,
            "flows/code/x.py": "",
            "flows/raw/a.csv": "1",
            "other/y.csv": "2",
        },
    )
    mine.send(["flows/top.nbflow"])
    assert {"flows/top.nbflow", "flows/subs/sub.nbflow"} <= {*mirrored(service)}
    assert {"flows/code/x.py", "flows/raw/a.csv"} <= {*mirrored(service)}
    assert "other/y.csv" not in mirrored(service)


def test_absolute_paths_and_data(service, mine, root):
    write(root, **{"raw/a.csv": "1", "raw/b.csv": "2", "key.pem": "", ".ssh/config": ""})
    mine.send([str(root / "raw/a.csv"), "key.pem", ".ssh/config", "/etc/passwd"])
    assert mirrored(service) == ["raw/a.csv"]
    mine.send(["raw", "."])
    assert mirrored(service) == ["raw/a.csv", "raw/b.csv"]
    (root / "raw/a.csv").unlink()
    mine.send(["raw/a.csv"])
    assert mirrored(service) == ["raw/b.csv"]


def test_a_folder_to_write_in_is_sent_without_its_files(service, mine, root):
    write(root, **{"raw/a.csv": "1"})
    mine.send([], ["raw", ".", "missing"])
    assert mirrored(service) == [] and (service.context.files.root / "raw").is_dir()


def test_listed_files(service, mine, root):
    write(root, **{"a.nbflow": "{}", "b/c.nbflow": "{}", ".x/d.nbflow": "{}", "e.py": ""})
    mine.send_listed(".nbflow", ".ipynb")
    assert mirrored(service) == ["a.nbflow", "b/c.nbflow"]
    (root / "a.nbflow").unlink()
    mine.send_listed(".nbflow")
    assert mirrored(service) == ["b/c.nbflow"]


def test_a_new_server_forgets_what_was_deleted_meanwhile(yard, service, mine, root):
    write(root, **PROJECT)
    mine.send(["p/lib.py"])
    (root / "p/src/train.py").unlink()
    HomeFiles(yard.context.files, service, yard.settings).send(["nothing.py"])
    assert mirrored(service) == ["p/.gitignore", "p/lib.py", "p/pyproject.toml"]


def test_a_bundle_above_the_limit_is_refused(yard, service, root):
    write(root, **{"p/pyproject.toml": "", "p/a.py": "x" * 100})
    settings = Settings(store_dir=yard.settings.store_dir, max_local_bundle_bytes=99)
    with pytest.raises(TooLarge):
        HomeFiles(yard.context.files, service, settings).send(["p/a.py"])
    assert mirrored(service) == []


def test_written_files_are_taken_back(service, mine, root):
    write(root, **{"a.py": "old", "b.py": "b"})
    os.chmod(root / "a.py", 0o600)
    mine.send(["a.py"])
    for path in ("a.py", "new/c.py"):
        write(service.files.root, **{path: f"written {path}"})
    assert mine.take_back() == ["a.py", "new/c.py"]
    assert (root / "a.py").read_text() == "written a.py"
    assert (root / "a.py").stat().st_mode & 0o777 == 0o600
    assert (root / "new/c.py").read_text() == "written new/c.py"
    assert mine.take_back() == []
    before = len(service.asked)
    mine.send(["a.py"])
    assert service.asked[before:] in ([], ["update"])
    assert (service.files.root / "a.py").read_text() == "written a.py"


def test_a_file_that_changed_meanwhile_stays(service, mine, root):
    write(root, **{"a.py": "old", "b.py": "old", "c.py": "old"})
    mine.send(["a.py"])
    (root / "linked").mkdir()
    (root / "link").symlink_to("linked")
    for path in ("a.py", "b.py", "c.py", "new.py", "link/x.py"):
        write(service.files.root, **{path: "written"})
    write(root, **{"a.py": "mine", "new.py": "mine too"})
    (root / "b.py").unlink()
    with pytest.raises(Conflict) as refused:
        mine.take_back()
    for path in ("a.py", "b.py", "new.py", "link/x.py"):
        assert path in str(refused.value)
    assert (root / "a.py").read_text() == "mine"
    assert (root / "new.py").read_text() == "mine too"
    assert (root / "c.py").read_text() == "written"
    assert not (root / "b.py").exists()
    assert not (root / "linked/x.py").exists()
    assert mine.take_back() == []
    assert (service.files.root / "a.py").read_text() == "mine"


def test_what_an_operation_wrote_stays_until_it_is_taken_back(service, mine, root):
    write(root, **{"p/pyproject.toml": "", "p/a.py": "old", "p/b.py": "1"})
    mine.send(["p/a.py"])
    write(service.files.root, **{"p/a.py": "written", "p/new.py": "new"})
    write(root, **{"p/b.py": "2"})
    mine.send(["p/a.py"])
    assert mine.take_back() == ["p/a.py", "p/new.py"]
    assert (root / "p/a.py").read_text() == "written"


def test_a_file_that_changes_while_it_is_sent(service, mine, root, monkeypatch):
    write(root, **{"a.py": "old"})
    upload = service.upload

    def slow(filename: str, size: int, pieces: Any) -> str:
        monkeypatch.setattr(service, "upload", upload)
        write(root, **{"a.py": "n"})
        return upload(filename, size, pieces)

    monkeypatch.setattr(service, "upload", slow)
    mine.send(["a.py"])
    assert (service.files.root / "a.py").read_text() == "n"


def test_checks_and_runs_of_the_mirror_are_those_of_the_real_folder(yard, ann, service, mine, root):
    """Check, freeze and bundle a workflow in both places."""
    nodes = {
        "raw": {"type": "dataset", "path": "../raw/a.csv"},
        "clean": {"type": "executable", "path": "clean.py"},
        "train": {"type": "executable", "path": "../p/src/train.py"},
        "lost": {"type": "executable", "path": "lost.py"},
    }
    text = json.dumps({"version": 1, "meta": {"id": "w1"}, "nodes": nodes, "edges": {}})
    write(root, **PROJECT, **{"raw/a.csv": "x\n1\n", "flows/clean.py": "print()\n"})
    write(root, **{"flows/top.nbflow": text})
    mine.send(["flows/top.nbflow"])

    def checked(services: Any) -> Any:
        made = services.workflows.check(ann, CheckWorkflow("flows/top.nbflow", text))
        # Here, the mirror and the real folder are in one store.
        return msgspec.structs.replace(made, copy_of="")

    def frozen(context: Any) -> dict[str, Any]:
        made = freeze(context, "ann", NewRun("flows/some.nbflow")).nodes.nodes
        return {name: (node.fields, node.resolved) for name, node in made.items()}

    del nodes["lost"]
    write(root, **{"flows/some.nbflow": json.dumps({"version": 1, "nodes": nodes, "edges": {}})})
    mine.send(["flows/some.nbflow"])
    assert checked(service.services) == checked(yard.services)
    of_mirror, of_folder = frozen(service.context), frozen(yard.context)
    assert of_mirror == of_folder
    assert of_mirror["train"][0]["bundle_digest"].startswith("tree:")
