"""The secret that the proxy shares with the container of a model."""

import os
import stat

from nbyard.ipc.deployment_secret import KeptSecret, hash_password


def test_only_the_owner_reads_the_secret_which_never_changes(tmp_path):
    kept = KeptSecret(tmp_path / "deployment", 3)
    assert kept.read() == ""
    kept.create()
    known = kept.read()
    kept.create()
    assert kept.read() == known and len(known) > 40
    (path,) = (tmp_path / "deployment").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    other = KeptSecret(tmp_path / "deployment", 4)
    other.create()
    assert other.read() not in ("", known)


def test_the_secret_is_complete_after_a_power_cut(tmp_path, monkeypatch):
    """The file before it gets its name, the folder after that."""
    path, synced = tmp_path / "3.secret", []

    def fsync(fd):
        synced.append((stat.S_ISDIR(os.fstat(fd).st_mode), path.exists()))

    monkeypatch.setattr(os, "fsync", fsync)
    KeptSecret(tmp_path, 3).create()
    assert synced == [(False, False), (True, True)]


def test_an_empty_file_is_no_secret(tmp_path):
    (tmp_path / "3.secret").touch()
    kept = KeptSecret(tmp_path, 3)
    kept.create()
    assert len(kept.read()) > 40


def test_a_password_is_kept_as_a_hash():
    hashed = hash_password("a long password")
    assert hashed.startswith("$argon2id$") and "password" not in hashed
    assert hash_password("") == ""
