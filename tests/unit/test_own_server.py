"""The shell, the client and magics in a session of a JupyterHub with one store for all users."""

import io
import json
import os
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

import nbyard
from nbyard.client import Client, OwnServer
from nbyard.discover import Local, connect, connect_here
from nbyard.domain.datasets.structs import FileSource, NewDataset
from nbyard.domain.executables.structs import Inspect
from nbyard.domain.runs.structs import NewRun
from nbyard.errors import Invalid

URL = "http://127.0.0.1:9/user/ann/"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The root of the server, and `sub` in it as the working folder."""
    made = tmp_path / "root"
    (made / "sub").mkdir(parents=True)
    for name in ("code.py", "data.csv", "sub/code.py", "sub/in.csv"):
        (made / name).write_text("a\n1\n")
    (tmp_path / "outside.py").write_text("")
    monkeypatch.chdir(made / "sub")
    monkeypatch.setenv("NBYARD_HUB_ROOT", str(made))
    monkeypatch.setenv("NBYARD_RESOURCES", str(tmp_path / "resources"))
    monkeypatch.setenv("JUPYTERHUB_SERVICE_URL", URL)
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "of-the-session")
    return made


def test_a_session_uses_the_users_server(root, monkeypatch, tmp_path):
    for made in (connect(), connect_here()):
        assert isinstance(made, OwnServer)
        assert made.url.geturl() == URL.rstrip("/")
        assert made.headers["Authorization"] == "token of-the-session"
    named = connect("http://elsewhere.test/")
    assert type(named) is Client and not named.headers
    monkeypatch.setenv("NBYARD_STORE_DIR", str(tmp_path / "store"))
    monkeypatch.setenv("NBYARD_INLINE_DISPATCH", "True")
    own = connect("local")
    assert isinstance(own, Local), "the store of this machine, if it is named"
    own.yard.close()


def test_other_machines_and_servers_have_a_store(root, monkeypatch, tmp_path):
    monkeypatch.delenv("NBYARD_HUB_ROOT")
    monkeypatch.setenv("NBYARD_STORE_DIR", str(tmp_path / "store"))
    monkeypatch.setenv("NBYARD_INLINE_DISPATCH", "True")
    made = connect_here()
    assert isinstance(made, Local)
    made.yard.close()


@pytest.mark.parametrize(
    ("body", "field", "sent"),
    [
        (NewRun(path="code.py"), "path", "sub/code.py"),
        (NewRun(path="../code.py"), "path", "code.py"),
        (NewRun(path="code.py::f"), "path", "sub/code.py::f"),
        (NewRun(path="none.py"), "path", "none.py"),
        (NewRun(executable="code.py"), "executable", "code.py"),
        (NewRun(path="code.py", name="in.csv"), "name", "in.csv"),
        (NewRun(texts={"data": "in.csv", "n": "3"}), "texts", {"data": "sub/in.csv", "n": "3"}),
        (NewRun(texts={"to": "/tmp"}), "texts", {"to": "/tmp"}),
        (NewRun(parameters={"a": "in.csv", "b": 1}), "parameters", {"a": "sub/in.csv", "b": 1}),
        (Inspect("in.csv"), "path", "sub/in.csv"),
        (NewDataset(FileSource("in.csv")), "source", {"kind": "file", "path": "sub/in.csv"}),
    ],
)
def test_paths_become_those_of_the_server(root, body, field, sent):
    assert json.loads(connect().encode(body))[field] == sent


def test_absolute_paths_become_those_of_the_server(root):
    body = NewRun(path=str(root / "code.py"))
    assert json.loads(connect().encode(body))["path"] == "code.py"


def test_files_outside_of_the_server_are_refused(root):
    for path in ("../../outside.py", str(root.parent / "outside.py")):
        with pytest.raises(Invalid) as refused:
            connect().encode(NewRun(path=path))
        assert refused.value.details[0].path == "path"
        assert str(root) in refused.value.message


class Downloads:
    """What the server has; counts what was fetched."""

    def __init__(self, content: bytes) -> None:
        self.content, self.fetched = content, 0

    def __call__(self, noun: str, key: str) -> Any:
        self.fetched += 1
        return io.BytesIO(self.content), f"{noun} {key}"


def dataset(digest: str) -> Any:
    return SimpleNamespace(id="d1", current=SimpleNamespace(digest=digest, filename="t.csv"))


def packed(**files: str) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return whole.getvalue()


def test_a_dataset_is_fetched_once_for_each_version(root, monkeypatch):
    own, downloads = connect(), Downloads(b"a\n1\n")
    monkeypatch.setattr(own, "download", downloads)
    for _ in range(2):
        folder = own.dataset_folder(dataset("sha256:1"))
        assert folder == Path(os.environ["NBYARD_RESOURCES"], "d1")
        assert (folder / "t.csv").read_bytes() == b"a\n1\n"
    assert downloads.fetched == 1
    downloads.content = packed(one="1", two="2")
    folder = own.dataset_folder(dataset("tree:2"))
    assert sorted(path.name for path in folder.iterdir()) == ["one", "two"]
    assert downloads.fetched == 2
    assert sorted(path.name for path in folder.parent.iterdir()) == ["d1", "d1.version"]


def test_an_output_is_fetched_when_its_path_is_read(root, monkeypatch):
    own, downloads = connect(), Downloads(b"model")
    monkeypatch.setattr(own, "download", downloads)
    artifact = SimpleNamespace(id="a1", digest="sha256:1", filename="m.pkl")
    for _ in range(2):
        assert own.artifact_path(artifact).read_bytes() == b"model"
    assert downloads.fetched == 1
    downloads.content = packed(inner="x")
    whole = own.artifact_path(SimpleNamespace(id="a2", digest="tree:2", filename="folder"))
    assert (whole / "inner").read_text() == "x"


def test_magics_use_the_users_server(root, monkeypatch, tmp_path):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    shell = InteractiveShell()
    nbyard.load_ipython_extension(shell)
    magics = shell.magics_manager.registry["NbyardMagics"]
    assert isinstance(magics.connection, OwnServer)
    monkeypatch.setattr(magics.connection, "download", Downloads(b"a\n"))
    found = dataset("sha256:1")
    found.current.state = "ready"
    monkeypatch.setattr(magics.connection.datasets, "get", lambda dataset: found, raising=False)
    path = shell.run_line_magic("nbyard", "dataset t")
    assert Path(path).read_bytes() == b"a\n"
    if shell.history_manager:
        shell.history_manager.end_session()
