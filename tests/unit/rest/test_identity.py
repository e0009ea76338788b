"""All users of a server use one store, and runs record the user."""

import getpass
from types import SimpleNamespace
from typing import Any

from jupyter_server.auth.identity import IdentityProvider, User

from nbyard.domain.callers import Caller
from nbyard.rest import identity


def test_a_browser_with_the_token_is_the_local_user():
    handler: Any = SimpleNamespace(log=SimpleNamespace(debug=lambda _: None))
    caller = identity.caller_of(IdentityProvider().generate_anonymous_user(handler))
    assert caller == Caller(getpass.getuser())
    assert caller.submitter == getpass.getuser()
    assert caller.may("runs:write")


def test_a_known_person_is_recorded_but_owns_nothing():
    caller = identity.caller_of(User("bob", name="Bob B."))
    assert (caller.name, caller.submitter) == (getpass.getuser(), "bob")


def test_a_process_without_a_name_gets_one(monkeypatch):
    def fail() -> str:
        raise KeyError("no such uid")

    monkeypatch.setattr(getpass, "getuser", fail)
    assert identity.local_name() == "user"


def test_a_user_refused_by_the_hub_is_named():
    """JupyterHub's identity provider keeps the user on the handler, and admits nobody."""
    assert identity.refused_name(SimpleNamespace(_cached_hub_user={"name": "ann"})) == "ann"
    for handler in (SimpleNamespace(), SimpleNamespace(_cached_hub_user=None)):
        assert identity.refused_name(handler) == ""
