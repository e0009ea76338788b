"""The corpus of bad inputs, and the meaning of each class of answer."""

import importlib
import json
from pathlib import Path
from typing import Any

CORPUS = Path(__file__).resolve().parents[2] / "cases" / "badinputs.jsonl"
STATUSES = {
    "REJECT_BODY": {400},
    "REJECT_AUTH": {401, 403},
    "REJECT_FORBIDDEN": {403},
    "REJECT_NOT_FOUND": {404},
    "REJECT_METHOD": {405},
    "REJECT_CONFLICT": {409},
    "REJECT_CONFLICT_OR_FIELD": {409, 422},
    "REJECT_TOO_LARGE": {413},
    "REJECT_CONTENT_TYPE": {415},
    **{
        f"REJECT_{what}": {422}
        for what in (
            *("FIELD", "TYPE", "GRAPH", "NOTEBOOK", "DATA", "URL", "PATH", "VERSION", "YAML"),
            *("LIMIT", "REQUIREMENT", "ARCHIVE"),
        )
    },
    "REJECT_POLICY": {403, 422},
    "REJECT_PROTECTED": {403},
}
NO_LISTS = "on one's own machine every image may run; lists of allowed ones come with the hub"
# A body that names what does not exist has a wrong field.
CORRECTED = {"BI-370": "REJECT_FIELD"}
# Every entry that is not tried, with what nbyard does not have (yet).
UNTRIED = {
    "BI-344": NO_LISTS,
    "BI-345": NO_LISTS,
    "BI-368": "a workflow is a file, which Jupyter's own routes save: it has no ID",
    "BI-382": "there is no OAuth login before the hub is supported",
    "BI-394": "on one's own machine nobody else asks; limits of requests come with the hub",
    "BI-395": "users are deleted by the hub",
    "BI-409": "no route searches logs; the browser looks for plain text",
}


IN_IMAGES = (
    "environments and kernels of a shared store are in images, which these tests do not build"
)
BY_SETTING = "the test changes settings of its own process while they are used"
BY_COOKIE = "the service has no login page of its own: tests/integration/test_hub_ways.py signs in"
# Entries that are not tried on the shared store of a hub, by the way to it; "" means both.
UNTRIED_ON_HUBS = {
    ("BI-156", ""): IN_IMAGES,
    ("BI-275", ""): IN_IMAGES,
    ("BI-276", ""): IN_IMAGES,
    ("BI-376", ""): "test_hub_administration.py tries a real token to read",
    ("BI-098", "forwarding"): "the user's server sends the bytes before the file is replaced",
    **dict.fromkeys([(f"BI-{n}", "service") for n in (121, 122, 126, 127)], BY_SETTING),
    **dict.fromkeys([(f"BI-{n}", "service") for n in (377, 378)], BY_COOKIE),
}


def entries() -> list[dict[str, Any]]:
    """Return all entries of the corpus."""
    return [json.loads(line) for line in CORPUS.read_text("utf-8").splitlines()]


def promised(entry: dict[str, Any], way: str = "server") -> str:
    """Return the class of answer that nbyard promises for an entry, on this way to the store."""
    if way == "forwarding" and entry["id"] in ("BI-096", "BI-099"):
        return "REJECT_NOT_FOUND"  # only regular files are sent to the service
    return CORRECTED.get(entry["id"], entry["expect"])


def untried(entry: dict[str, Any], way: str) -> str:
    """Return why an entry is not tried on a way to the store, or an empty text."""
    if way == "server":
        return ""
    return UNTRIED_ON_HUBS.get((entry["id"], way)) or UNTRIED_ON_HUBS.get((entry["id"], ""), "")


def tried() -> list[dict[str, Any]]:
    """Return the entries that are tried: all but those with a reason."""
    return [entry for entry in entries() if entry["id"] not in UNTRIED]


def payload(entry: dict[str, Any]) -> Any:
    """Return the data to send: as given, or the value of a Python expression of the corpus."""
    if "gen" not in entry:
        return entry["payload"]
    known = {"__import__": importlib.import_module, "range": range, "bytes": bytes, "len": len}
    return eval(entry["gen"], {"__builtins__": known})
