"""The mirror of a user's files over HTTP, with the client of Python."""

import pytest
from tests.support.jupyter_server import TOKEN, JupyterServer

from nbyard.client import Client
from nbyard.errors import Conflict, NotFound
from nbyard.freezing.home_files import HomeFiles
from nbyard.freezing.pushed_folders import home_folder
from nbyard.host.project_files import ProjectFiles
from nbyard.rest.identity import local_name

pytestmark = pytest.mark.leaves_running


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """A server whose root is the mirror of its only user, as on a shared service."""
    server = JupyterServer(tmp_path_factory.mktemp("service"))
    server.root = home_folder(server.store, local_name())
    server.root.mkdir(parents=True)
    server.start()
    yield server
    server.stop()


def test_files_go_there_and_come_back(service, tmp_path):
    project = tmp_path / "p"
    (project / "sub").mkdir(parents=True)
    for name, text in (("pyproject.toml", ""), ("sub/a.py", "print(1)\n"), ("ä b.txt", "ü")):
        (project / name).write_text(text)
    (project / "large.bin").write_bytes(b"0123456789" * (1 << 20))
    client = Client(service.url, TOKEN)
    mine = HomeFiles(ProjectFiles(tmp_path), client)
    mine.send(["p/sub/a.py"])
    for name in ("sub/a.py", "ä b.txt", "large.bin"):
        assert (service.root / "p" / name).read_bytes() == (project / name).read_bytes()
    assert mine.take_back() == []
    # As an operation writes, such as `executables.tag`.
    (service.root / "p/sub/a.py").write_text("print(2)\n")
    (service.root / "p/ö.nbflow").write_text("{}")
    assert mine.take_back() == ["p/sub/a.py", "p/ö.nbflow"]
    assert (project / "sub/a.py").read_text() == "print(2)\n"
    assert mine.take_back() == []
    with pytest.raises(NotFound):
        client.home_file("p/none")


def test_an_ordinary_server_refuses(api):
    client = Client(api.url, TOKEN)
    with pytest.raises(Conflict):
        client.home.get()
    with pytest.raises(Conflict):
        client.home_file("a")
