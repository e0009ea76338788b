"""Secrets of an attempt are files in memory, and are deleted with it."""

import stat

import pytest
from tests.support.leaked_secrets import CANARY

from nbyard.runner import secret_files


@pytest.fixture(autouse=True)
def own_memory(tmp_path, monkeypatch):
    (tmp_path / "memory").mkdir()
    monkeypatch.setattr(secret_files, "SHARED", str(tmp_path / "memory"))


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "attempt").mkdir()
    return str(tmp_path / "attempt")


def test_secrets_are_private_files_in_memory(folder, tmp_path):
    target = secret_files.secrets_folder("store", "a1")
    secret_files.store_secrets(folder, target, {"token": CANARY.encode()}, [CANARY])
    # once more, after a crash
    secret_files.store_secrets(folder, target, {"token": CANARY.encode()}, [CANARY])
    assert target == str(tmp_path / "memory/nbyard-store-a1")
    found = tmp_path / "attempt/secrets/token"
    assert found.read_text() == CANARY
    assert stat.S_IMODE(found.stat().st_mode) == 0o600
    assert stat.S_IMODE(found.parent.stat().st_mode) == 0o700


def test_secrets_are_deleted_with_the_attempt(folder, tmp_path):
    secret_files.delete_linked_secrets(folder)
    secret_files.store_secrets(folder, secret_files.secrets_folder("store", "a1"), {}, [])
    secret_files.delete_linked_secrets(folder)
    assert list((tmp_path / "memory").iterdir()) == []


def test_a_link_elsewhere_deletes_nothing(folder, tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "attempt/secrets").symlink_to(tmp_path / "precious")
    secret_files.delete_linked_secrets(folder)
    (tmp_path / "nbyard-link").symlink_to(tmp_path / "precious")
    secret_files.delete_secrets(str(tmp_path / "nbyard-link"))
    assert (tmp_path / "precious").is_dir()


def test_a_sweep_keeps_live_secrets_and_those_of_other_stores(folder, tmp_path):
    for store, attempt in (("store", "a1"), ("store", "a2"), ("other", "a1")):
        secret_files.store_secrets(folder, secret_files.secrets_folder(store, attempt), {}, [])
    (tmp_path / "memory/somebody").mkdir()
    assert secret_files.delete_unused_secrets("store", {"a2"}) == ["a1"]
    left = sorted(path.name for path in (tmp_path / "memory").iterdir())
    assert left == ["nbyard-other-a1", "nbyard-store-a2", "somebody"]


def test_without_memory_files_the_temporary_folder_is_used(monkeypatch):
    monkeypatch.setattr(secret_files, "SHARED", "/nowhere")
    monkeypatch.setenv("TMPDIR", "/tmp")
    assert secret_files.memory_folder()
