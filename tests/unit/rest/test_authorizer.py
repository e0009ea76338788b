"""The server's own authorizer decides for each route."""

import pytest
from jupyter_server.auth import AllowAllAuthorizer

pytestmark = pytest.mark.leaves_running


def only_read(authorizer, handler, user, action, resource):
    """Everybody may look, nobody may change."""
    return resource != "nbyard" or action == "read"


def test_a_read_only_user_cannot_change_anything(api, monkeypatch):
    assert api.send("POST", "/uploads", {"filename": "a.csv"}).status == 201
    monkeypatch.setattr(AllowAllAuthorizer, "is_authorized", only_read)
    assert api.send("GET", "/datasets").status == 200
    refused = api.send("POST", "/uploads", {"filename": "a.csv"})
    assert refused.status == 403
    assert refused.json["code"] == "forbidden"
