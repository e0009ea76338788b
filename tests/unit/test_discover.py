"""Finding the server."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nbyard import discover
from nbyard.client import Client
from nbyard.domain.callers import Caller
from nbyard.domain.deployments.structs import NewDeployment, Place, Port
from nbyard.domain.projects.structs import NewProject
from nbyard.errors import Invalid, NotFound, Unavailable
from nbyard.ipc import dispatcher_launcher
from nbyard.rest.identity import local_name
from nbyard.yard import Yard


@pytest.fixture
def machine(yard: Yard, monkeypatch) -> Yard:
    for name, value in yard.settings.environment().items():
        monkeypatch.setenv(name, value)
    return yard


def test_without_a_server_the_store_of_this_machine(machine):
    found = discover.connect()
    assert isinstance(found, discover.Local)
    assert found.runs.list().items == []
    assert found.yard.store.id == machine.store.id
    found.wait(0)
    found.yard.close()


def test_resources_of_a_connection_are_linked_to_its_project(machine, monkeypatch):
    monkeypatch.chdir(machine.context.files.root)
    machine.services.projects.create(Caller(local_name()), NewProject("wine"))
    found = discover.connect(project="wine")
    Path("linked.py").write_text("print()\n")
    made = found.automations.create(
        body={"run": {"path": "linked.py"}, "on": {"kind": "phrase", "text": "daily at 6"}}
    )
    assert [one.id for one in found.automations.list(project="wine").items] == [made.id]
    found.yard.close()
    with pytest.raises(NotFound):
        discover.connect(project="gone")


def test_an_address_belongs_to_the_responding_server(machine):
    """This holds without a server."""
    found = discover.connect()
    body = NewDeployment("cow:1", service="own", name="cow", ports=[Port("web", 80)])
    made = found.deployments.create(body=body)
    assert found.address(made) == ""
    rows = machine.store.deployments
    with machine.store.write() as c:
        (row,) = rows.under_way(c)
        rows.set_revision(c, row.newest.revision.id, places=[Place("web", "127.0.0.1", 4000)])
        rows.route_requests(c, row, 1)
    assert found.address(made) == "http://127.0.0.1:4000/"
    found.yard.close()


def test_variables_that_the_dispatcher_ignores_are_named(machine, monkeypatch):
    """Only variables that are set here."""
    found = discover.connect()
    monkeypatch.setattr(
        dispatcher_launcher, "other_settings", lambda *_: {"slots": "4", "gpus": ""}
    )
    monkeypatch.setenv("NBYARD_SLOTS", "2")
    monkeypatch.delenv("NBYARD_GPUS")
    assert found.ignored_settings() == {"NBYARD_SLOTS": "4"}
    found.yard.close()


@pytest.mark.parametrize("server", ["http://127.0.0.1:9/x/", "http://localhost:9/x", "8888"])
def test_a_server_by_url_or_port_with_its_token(monkeypatch, server):
    running = [{"port": 8888, "url": "http://127.0.0.1:9/x/", "token": "t"}]
    monkeypatch.setattr(discover, "_running", lambda: running)
    found = discover.connect(server)
    assert isinstance(found, Client)
    assert found.headers == {"Authorization": "token t"}
    monkeypatch.setenv("NBYARD_TOKEN", "mine")
    monkeypatch.setenv("NBYARD_SERVER", server)
    assert discover.connect().headers == {"Authorization": "token mine"}


@pytest.mark.parametrize(
    ("page", "base"),
    [
        ("http://127.0.0.1:9/?token=t", "http://127.0.0.1:9"),
        ("http://127.0.0.1:9/lab?token=t", "http://127.0.0.1:9"),
        ("http://127.0.0.1:9/x/lab/tree/lab/a.ipynb?reset&token=t#b", "http://127.0.0.1:9/x"),
        ("https://hub.test/user/lab/tree?token=t", "https://hub.test/user/lab"),
        ("https://hub.test/user/lab/?token=t", "https://hub.test/user/lab"),
        ("http://127.0.0.1:9/laboratory/?token=t", "http://127.0.0.1:9/laboratory"),
        ("https://uni.test/lab/jupyter/lab?token=t", "https://uni.test/lab/jupyter"),
        ("https://uni.test/lab/jupyter/?token=t", "https://uni.test/lab/jupyter"),
        ("https://hub.test/user/ann/lab/lab?token=t", "https://hub.test/user/ann/lab"),
        ("http://127.0.0.1:9/lab/workspaces/a/tree/b?token=t", "http://127.0.0.1:9"),
    ],
)
def test_the_address_of_a_page_with_its_token(monkeypatch, page, base):
    monkeypatch.setattr(discover, "_running", list)
    monkeypatch.setenv("NBYARD_TOKEN", "mine")
    found = discover.connect(page)
    assert found.url.geturl() == base
    assert found.headers == {"Authorization": "token t"}


@pytest.mark.parametrize(
    "url",
    ["https://uni.test/lab/jupyter", "https://hub.test/user/ann/lab", "https://h.test/tree/a"],
)
def test_an_address_without_a_token_is_unchanged(monkeypatch, url):
    monkeypatch.setattr(discover, "_running", list)
    monkeypatch.setenv("NBYARD_TOKEN", "mine")
    assert discover.connect(f"{url}/?reset#a").url.geturl() == url


def test_a_token_in_an_address_may_have_any_character(monkeypatch):
    monkeypatch.setattr(discover, "_running", list)
    found = discover.connect("http://127.0.0.1:9/lab?token=a+b%2Fc%20")
    assert found.headers == {"Authorization": "token a+b/c "}


@pytest.mark.parametrize("server", ["http://[::1", "http://h.test:a", "127.0.0.1:9/lab", "name"])
def test_an_invalid_server_is_refused_without_showing_its_token(monkeypatch, server):
    monkeypatch.setattr(discover, "_running", list)
    with pytest.raises(Invalid) as refused:
        discover.connect(f"{server}?token=SECRET")
    assert "is neither a configured" in refused.value.details[0].message
    assert f"'{server}'" in refused.value.message and "SECRET" not in refused.value.message


OWN = "http://0.0.0.0:8888/user/ann/"
PUBLIC = "https://hub.test/user/ann/"


@pytest.mark.parametrize(
    ("server", "is_own"),
    [
        ("http://0.0.0.0:8888/user/ann", True),
        ("http://127.0.0.1:8888/user/ann/", True),
        ("http://localhost:8888/user/ann/", True),
        ("https://hub.test/user/ann", True),
        ("https://hub.test:443/user/ann/", True),
        ("http://hub.test/user/ann/", False),
        ("https://hub.test/user/bob/", False),
        ("https://hub.test:8443/user/ann/", False),
        ("https://hub.test.evil.test/user/ann/", False),
        ("https://hub.test@evil.test/user/ann/", False),
        ("http://127.0.0.1:8889/user/ann/", False),
    ],
)
def test_the_token_of_a_hub_s_session_is_for_its_own_server_only(monkeypatch, server, is_own):
    monkeypatch.setattr(discover, "_running", list)
    monkeypatch.delenv("NBYARD_TOKEN", raising=False)
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "of the hub")
    monkeypatch.setenv("JUPYTERHUB_SERVICE_URL", OWN)
    monkeypatch.setenv("JUPYTERHUB_PUBLIC_URL", PUBLIC)
    sent = {"Authorization": "token of the hub"} if is_own else {}
    assert discover.connect(server).headers == sent
    monkeypatch.setenv("NBYARD_TOKEN", "mine")
    assert discover.connect(server).headers == {"Authorization": "token mine"}


def test_the_port_of_a_hub_s_session_is_its_own_server(monkeypatch):
    """A server of a hub writes no token to its runtime file."""
    running = [{"port": 8888, "url": "http://127.0.0.1:8888/user/ann/", "token": ""}]
    monkeypatch.setattr(discover, "_running", lambda: running)
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "of the hub")
    monkeypatch.setenv("JUPYTERHUB_SERVICE_URL", OWN)
    monkeypatch.setenv("JUPYTERHUB_PUBLIC_URL", "")
    assert discover.connect("8888").headers == {"Authorization": "token of the hub"}


def test_an_unknown_server_is_refused(monkeypatch):
    monkeypatch.setattr(discover, "_running", list)
    with pytest.raises(Unavailable):
        discover.connect("9999")
    with pytest.raises(Invalid):
        discover.connect("somewhere")


@pytest.mark.parametrize("key", ["\udcff", "a\0b"])
def test_invalid_texts_are_refused_without_a_server_too(machine, key):
    """The shell passes any bytes."""
    found = discover.connect()
    with pytest.raises(Invalid):
        found.datasets.get(dataset=key)
    found.yard.close()


def test_a_body_may_be_a_dictionary(machine, monkeypatch):
    monkeypatch.chdir(machine.context.files.root)
    (machine.context.files.root / "t.sh").write_text("#!/bin/sh\ntrue\n")
    connection = discover.connect()
    made = connection.runs.create(body={"path": "t.sh", "name": "n"})
    assert (made.name, made.origin.kind) == ("n", "client")
    with pytest.raises(Invalid) as refused:
        connection.runs.create(body={"pth": "t.sh"})
    assert [detail.path for detail in refused.value.details] == ["pth"]


def test_running_servers_are_found_by_their_files(monkeypatch, tmp_path):
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    told = {"url": "http://127.0.0.1:8888/", "port": 8888, "token": "t"}
    (tmp_path / "jpserver-1.json").write_text(json.dumps({**told, "pid": os.getpid()}))
    (tmp_path / "jpserver-2.json").write_text(json.dumps({"port": 9999, "pid": ended.pid}))
    (tmp_path / "jpserver-3.json").write_text('{"po')
    (tmp_path / "jpserver-4.json").write_text("[]")
    assert discover.connect("8888").headers == {"Authorization": "token t"}
    assert discover.connect("http://127.0.0.1:8888").headers == {"Authorization": "token t"}
    with pytest.raises(Unavailable):
        discover.connect("9999")


def test_using_a_server_needs_neither_database_nor_jupyter_server(monkeypatch, tmp_path):
    """A shell is quick: what it does not use is not imported."""
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    told = {"url": "http://127.0.0.1:8888/", "port": 8888, "token": "t", "pid": os.getpid()}
    (tmp_path / "jpserver-1.json").write_text(json.dumps(told))
    words = """
import sys, nbyard.cli.main
from nbyard.discover import connect
connect("8888")
print({"sqlalchemy", "alembic", "jupyter_server", "tornado"} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
