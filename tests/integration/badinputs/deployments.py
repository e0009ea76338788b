"""Bad ports of deployments."""

from typing import Any

from .ground import Ground, Seen, seen


def create(ground: Ground, what: dict[str, Any], entry: dict[str, Any]) -> Seen:
    """Create a deployment that is refused at the port."""
    body = {"image": "python:3", "ports": [{"name": "main", **what}]}
    answer = ground.send("POST", "/deployments", body)
    assert "ports" in answer.json["details"][0]["path"], answer.json
    return seen(answer)
