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


def entries() -> list[dict[str, Any]]:
    """Return all entries of the corpus."""
    return [json.loads(line) for line in CORPUS.read_text("utf-8").splitlines()]


def promised(entry: dict[str, Any]) -> str:
    """Return the class of answer that nbyard promises for an entry."""
    return CORRECTED.get(entry["id"], entry["expect"])


def tried() -> list[dict[str, Any]]:
    """Return the entries that are tried: all but those with a reason."""
    return [entry for entry in entries() if entry["id"] not in UNTRIED]


def payload(entry: dict[str, Any]) -> Any:
    """Return the data to send: as given, or the value of a Python expression of the corpus."""
    if "gen" not in entry:
        return entry["payload"]
    known = {"__import__": importlib.import_module, "range": range, "bytes": bytes, "len": len}
    return eval(entry["gen"], {"__builtins__": known})
