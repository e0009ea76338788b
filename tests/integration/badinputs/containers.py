"""Bad images, and forbidden options of a run's containers."""

from typing import Any

from .ground import Ground, Seen, seen, words_of

# how the corpus calls them, and where they are here
RECIPE = {
    "base_image": lambda text: {"base": text},
    "env_value": lambda text: {"variables": {"NAME": text}},
    "maintainer": lambda text: {"labels": {"maintainer": text}},
    "label": lambda text: {"labels": {"name": text}},
    "system_package": lambda text: {"system_packages": [text]},
}
NAMES = {"gpus": "gpu"}


def build(ground: Ground, given: dict[str, Any], entry: dict[str, Any]) -> Seen:
    """Build a recipe, or the name of an image.

    The recipe is read before its environment is looked up."""
    ((field, value),) = given.items()
    if field == "image":
        return seen(ground.send("POST", "/images/pull", {"reference": value}))
    recipe = RECIPE[field](value) if field in RECIPE else {field: value}
    return seen(ground.send("POST", "/images", {"environment": "cows", "recipe": recipe}))


def submit(ground: Ground, given: dict[str, Any], entry: dict[str, Any]) -> Seen:
    """Submit a run with forbidden options for its containers, which the schema lacks."""
    path = ground.tool([], "print(1)")
    body = {NAMES.get(name, name): value for name, value in given.items()}
    return seen(ground.send("POST", "/runs", {"path": path, "runtime": "docker", **body}))


def preview(ground: Ground, given: bytes, entry: dict[str, Any]) -> Seen:
    """Preview a file whose content does not match its name; a file that is not a table has no
    preview."""
    name = "table.parquet" if given.startswith(b"PAR1") else "table.npy"
    _, key = ground.upload(name, given)
    made = ground.send("POST", "/datasets", {"source": {"kind": "upload", "upload": key}})
    assert made.status == 201, made.content
    found = ground.imported(made.json["id"])["current"]
    if found["state"] == "failed":
        return Seen(422, words_of(found))
    shown = ground.send("GET", f"/datasets/{made.json['id']}/preview")
    ground.send("DELETE", f"/datasets/{made.json['id']}")
    return seen(shown)
