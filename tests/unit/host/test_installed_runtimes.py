"""A runtime that nobody installed is refused before anything is written."""

from importlib.metadata import EntryPoint

import msgspec
import pytest

from nbyard.domain.workflows.structs import Document
from nbyard.errors import Invalid
from nbyard.host import entry_points as runtimes
from nbyard.host.entry_points import check_runtimes, offered_runtimes
from nbyard.settings import Settings


def document(**named: str) -> Document:
    nodes = {node: {"type": "executable", "runtime": name} for node, name in named.items()}
    return msgspec.convert({"version": 1, "nodes": nodes}, Document)


def test_installed_runtimes_are_accepted():
    for wished in ("", "process", "docker"):
        check_runtimes(document(a="process", b="docker", c=""), wished)


@pytest.mark.parametrize(
    ("nodes", "wished", "place"),
    [
        ({}, "proces", "runtime"),
        ({"a": "process", "b": "Docker"}, "process", "document.nodes.b.runtime"),
    ],
)
def test_other_runtimes_are_refused_with_the_known_ones(nodes, wished, place):
    with pytest.raises(Invalid) as refused:
        check_runtimes(document(**nodes), wished)
    (detail,) = refused.value.details
    assert detail.path == place
    assert "installed: dask, docker, process" in detail.message


def test_a_long_name_is_shortened():
    with pytest.raises(Invalid) as refused:
        check_runtimes(document(), "x" * 10_000)
    assert len(refused.value.details[0].message) < 200


def test_external_runtimes_are_known_without_loading(monkeypatch):
    theirs = EntryPoint("theirs", "no.such.module:Runtime", runtimes.RUNTIMES)
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [theirs])
    check_runtimes(document(a="theirs"), "theirs")
    with pytest.raises(Invalid):
        check_runtimes(document(), "process")


def test_a_cluster_is_offered_where_one_is_set() -> None:
    assert "dask" not in offered_runtimes(Settings())
    assert "dask" in offered_runtimes(Settings(dask_address="tcp://127.0.0.1:8786"))
    assert "dask" in offered_runtimes(Settings(dask_cluster="ours:slurm"))


@pytest.mark.parametrize("default", ["process", "docker"])
def test_the_default_is_offered_first(default: str) -> None:
    assert offered_runtimes(Settings(default_runtime=default))[0] == default
