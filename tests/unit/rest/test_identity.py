"""G1: on one's own server everybody with the token is the one user of the store."""

import getpass
from types import SimpleNamespace

from nbyard.domain.callers import Caller
from nbyard.rest import identity


def test_whoever_jupyter_names_is_the_local_user():
    assert identity.caller_of(object()) == Caller(getpass.getuser())
    assert identity.caller_of(object()).may("runs:write")


def test_a_process_without_a_name_has_one_all_the_same(monkeypatch):
    def fail() -> str:
        raise KeyError("no such uid")

    monkeypatch.setattr(getpass, "getuser", fail)
    assert identity.local_name() == "user"


def test_a_user_whom_the_hub_keeps_away_is_known_by_name():
    """P5: JupyterHub's identity provider keeps the user on the handler, and admits nobody."""
    assert identity.refused_name(SimpleNamespace(_cached_hub_user={"name": "ann"})) == "ann"
    for handler in (SimpleNamespace(), SimpleNamespace(_cached_hub_user=None)):
        assert identity.refused_name(handler) == ""
