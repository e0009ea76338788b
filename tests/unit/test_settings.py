"""Settings from configuration and environment."""

import os
import re
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from traitlets import TraitError
from traitlets.config import Config

from nbyard.settings import Settings


def test_every_setting_has_help_and_reaches_child_processes(monkeypatch):
    given = Settings(slots=3, link_folders=["a", "b"], inline_dispatch=True, idle_seconds=1.5)
    for name, trait in Settings.class_traits(config=True).items():
        assert trait.help, name
    for name, value in given.environment().items():
        monkeypatch.setenv(name, value)
    assert Settings().environment() == given.environment()
    assert Settings().link_folders == ["a", "b"]


@given(st.lists(st.text('[]",:1a', min_size=1)))
@example(["[::1]:8080", "db"])
@example(["a,b"])
@example(['["a"]'])
def test_any_list_reaches_child_processes(folders):
    variables = Settings(link_folders=folders).environment()
    with patch.dict(os.environ, variables):
        assert Settings().link_folders == folders


def test_configuration_wins_over_the_environment(monkeypatch):
    monkeypatch.setenv("NBYARD_SLOTS", "5")
    assert Settings().slots == 5
    assert Settings(slots=2).slots == 2
    assert Settings(config=Config({"Settings": {"slots": 1}})).slots == 1


def test_settings_of_work_belong_to_the_dispatcher():
    """Settings of the store, the server and each run do not."""
    own = Settings.of_dispatcher()
    assert {"slots", "gpus", "docker_host", "dask_address", "idle_seconds"} <= set(own)
    assert not {"store_dir", "database_url", "default_runtime", "max_body_bytes"} & set(own)


def test_the_store_is_in_the_data_of_jupyter(monkeypatch):
    monkeypatch.setenv("JUPYTER_DATA_DIR", "/somewhere")
    assert Settings().store_path == Path("/somewhere/nbyard")
    assert Settings(store_dir="~/x").store_path == Path.home() / "x"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SLOTS", "-1"),
        ("SLOTS", "x"),
        ("IDLE_SECONDS", ""),
        ("GPUS", "none"),
        ("GPUS", "0;1"),
        ("GPUS", "[0]"),
        ("GPUS", '["0"'),
    ],
)
def test_invalid_values_name_their_variable(monkeypatch, name, value):
    monkeypatch.setenv(f"NBYARD_{name}", value)
    with pytest.raises(TraitError, match=f"NBYARD_{name}="):
        Settings()


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("", ""),
        ("sqlite:////data/store.sqlite", "sqlite:////data/store.sqlite"),
        ("sqlite+pysqlite:////data/x", "sqlite+pysqlite:////data/x"),
        ("postgresql://me:s3cret/x@h/db", "postgresql+psycopg://me:s3cret/x@h/db"),
        ("postgresql://me:#s:3[?x@h:5432/db", "postgresql+psycopg://me:#s:3[?x@h:5432/db"),
        ("postgresql://me@site:s3cret@h/db", "postgresql+psycopg://me@site:s3cret@h/db"),
        ("postgres://me@[::1]:5432/db?a=b", "postgresql+psycopg://me@[::1]:5432/db?a=b"),
        ("postgresql+psycopg://me@h/db", "postgresql+psycopg://me@h/db"),
        ("postgresql://me@h:5432/db", "postgresql+psycopg://me@h:5432/db"),
        (" postgres://me@h/db\n", "postgresql+psycopg://me@h/db"),
        ("postgresql:///db?host=/run/pg", "postgresql+psycopg:///db?host=/run/pg"),
    ],
)
def test_urls_of_databases_name_the_driver(monkeypatch, given, used):
    monkeypatch.setenv("NBYARD_DATABASE_URL", given)
    assert Settings().database_url == used
    assert Settings(config=Config({"Settings": {"database_url": given}})).database_url == used


@pytest.mark.parametrize(
    "url",
    [
        "mysql://me:s3cret@h/db",
        "postgresql+asyncpg://me:s3cret@h/db",
        "h/db:s3cret",
        "sqlite",
        "postgresql:s3cret",
        "postgresql://me:x@h:s3cret/db",
        "postgresql://me:x@[s3cret/db",
        "postgresql://me:x@[::1]s3cret/db",
    ],
)
def test_other_urls_are_refused_without_their_password(monkeypatch, url):
    monkeypatch.setenv("NBYARD_DATABASE_URL", url)
    with pytest.raises(TraitError, match="must be like postgresql://user@host") as refused:
        Settings()
    assert "NBYARD_DATABASE_URL" in str(refused.value) and "s3cret" not in str(refused.value)


@given(st.text("ab:/@?#[]%", max_size=30))
@example("@:@")
def test_urls_that_sqlalchemy_reads_are_accepted(rest):
    url = f"postgresql+psycopg://{rest}".strip()
    try:
        read = make_url(url)
    except (ArgumentError, ValueError):
        return
    # SQLAlchemy ignores a typo there: what follows the ] of a host, or a lone [.
    if re.search(r"\][^:/?]", rest) or "[" in (read.host or ""):
        return
    assert Settings(config=Config({"Settings": {"database_url": url}})).database_url == url


@pytest.mark.parametrize("name", ["slot", "idle_second", "slots_"])
def test_an_unknown_setting_is_refused_with_a_suggestion(monkeypatch, name):
    """The setting is in the configuration or a variable, with a spelling error."""
    with pytest.raises(TraitError, match=rf"c\.Settings\.{name}: .* (slots|idle_seconds)\?"):
        Settings(config=Config({"Settings": {name: 1}}))
    monkeypatch.setenv(f"NBYARD_{name.upper()}", "1")
    with pytest.raises(TraitError, match=r"did you mean NBYARD_(SLOTS|IDLE_SECONDS)\?"):
        Settings()


@pytest.mark.parametrize("name", ["ATTEMPT_ID", "TOKEN", "DASK_WORKER", "STORE", "OWN_WORD"])
def test_other_variables_are_ignored(monkeypatch, name):
    monkeypatch.setenv(f"NBYARD_{name}", "x")
    assert Settings().slots == 0


@pytest.mark.parametrize("text", ["0,GPU-1a2b, MIG-3", '["0", "GPU-1a2b", "MIG-3"]'])
def test_gpus_are_words_or_json(monkeypatch, text):
    monkeypatch.setenv("NBYARD_GPUS", text)
    assert Settings().gpus == ["0", "GPU-1a2b", "MIG-3"]


def test_a_relative_store_is_the_same_for_processes_that_work_elsewhere(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert Settings(store_dir="s").environment()["NBYARD_STORE_DIR"] == str(tmp_path / "s")


@pytest.mark.parametrize("address", ["0.0.0.0", "10.0.0.1", "::", "lab.example.org"])
def test_deployments_accept_other_machines_only_with_a_certificate(address):
    with pytest.raises(TraitError):
        Settings(deployment_address=address)
    made = Settings(deployment_address=address, deployment_certificate="cert.pem")
    assert made.deployment_address == address


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_deployments_accept_this_machine_without_a_certificate(address):
    assert Settings(deployment_address=address).deployment_address == address


@pytest.mark.parametrize("given", [{}, {"default_runtime": "process"}])
def test_a_shared_store_runs_nothing_in_processes(monkeypatch, given):
    assert Settings(shared=True, **given).default_runtime == "docker"
    assert Settings(shared=True, default_runtime="dask").default_runtime == "dask"
    monkeypatch.setenv("NBYARD_SHARED", "True")
    monkeypatch.setenv("NBYARD_DEFAULT_RUNTIME", "process")
    assert Settings(**given).default_runtime == "docker"


@pytest.mark.parametrize(
    ("given", "network"),
    [
        ({}, "bridge"),
        ({"shared": True}, "internal"),
        ({"shared": True, "container_network": "bridge"}, "bridge"),
    ],
)
def test_containers_of_a_shared_store_reach_no_other_machine(given, network):
    """The dispatcher, which gets all settings as variables, has the same."""
    settings = Settings(**given)
    assert settings.container_network == network
    assert settings.environment()["NBYARD_CONTAINER_NETWORK"] == network
