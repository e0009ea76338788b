"""Secrets are encrypted for one owner and one name."""

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.support.leaked_secrets import CANARY, is_in

from nbyard.errors import NbyardError, StoreUnusable
from nbyard.store.credentials.vault import FILE, VARIABLE, Vault

SECRET = {"secret": CANARY}


def test_sealed_text_is_opened_and_reveals_nothing(tmp_path):
    vault = Vault(tmp_path)
    sealed = vault.seal("ann", "api", SECRET)
    assert vault.open("ann", "api", sealed) == SECRET
    assert not is_in(sealed.encode())
    assert vault.seal("ann", "api", SECRET) != sealed, "never twice the same"
    assert Vault(tmp_path).open("ann", "api", sealed) == SECRET, "the key was kept"


def test_the_key_is_a_private_file_created_once(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        names = set(pool.map(lambda _: Vault(tmp_path).newest, range(16)))
    assert len(names) == 1
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == [FILE]


@pytest.mark.parametrize(("owner", "name"), [("bob", "api"), ("ann", "other"), ("an", "napi")])
def test_a_moved_row_cannot_be_read(tmp_path, owner, name):
    vault = Vault(tmp_path)
    with pytest.raises(NbyardError, match="was changed outside"):
        vault.open(owner, name, vault.seal("ann", "api", SECRET))


def test_keys_are_rotated(tmp_path, monkeypatch):
    old, new = os.urandom(32).hex(), "A" * 42 + "8="
    monkeypatch.setenv(VARIABLE, old)
    first = Vault(tmp_path)
    sealed = first.seal("ann", "api", SECRET)
    monkeypatch.setenv(VARIABLE, f"{new};{old}")
    both = Vault(tmp_path)
    assert both.open("ann", "api", sealed) == SECRET and not both.is_newest(sealed)
    again = both.seal("ann", "api", both.open("ann", "api", sealed))
    assert both.is_newest(again)
    monkeypatch.setenv(VARIABLE, new)
    last = Vault(tmp_path)
    assert last.open("ann", "api", again) == SECRET
    with pytest.raises(StoreUnusable, match=r"'api' was .* another key") as told:
        last.open("ann", "api", sealed)
    assert VARIABLE in told.value.hint
    assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize("text", ["short", "z" * 64, ";", "AAAA"])
def test_an_invalid_key_is_reported_without_showing_it(tmp_path, monkeypatch, text):
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(StoreUnusable, match=VARIABLE) as told:
        Vault(tmp_path).seal("ann", "api", SECRET)
    assert text == ";" or text not in told.value.words


def test_the_cipher_is_loaded_at_first_use():
    script = "import sys, nbyard.store; sys.exit('cryptography' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
