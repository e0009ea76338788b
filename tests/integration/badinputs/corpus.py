"""The corpus of bad inputs, and what each class of answer means."""

import importlib
import json
from pathlib import Path
from typing import Any

CORPUS = Path(__file__).resolve().parents[4] / "shared" / "badinputs.jsonl"
AREAS = (
    *("names", "json", "csv", "upload", "paths", "ssrf", "redirect"),
    *("notebook", "params", "argv", "workflow", "authn", "logs", "store"),
)
STATUSES = {
    "REJECT_BODY": {400},
    "REJECT_AUTH": {401, 403},
    "REJECT_FORBIDDEN": {403},
    "REJECT_METHOD": {405},
    "REJECT_CONFLICT": {409},
    "REJECT_CONFLICT_OR_FIELD": {409, 422},
    "REJECT_TOO_LARGE": {413},
    "REJECT_CONTENT_TYPE": {415},
    **{
        f"REJECT_{what}": {422}
        for what in ("FIELD", "TYPE", "GRAPH", "NOTEBOOK", "DATA", "URL", "PATH", "VERSION")
    },
}
# entries about what nbyard does not have (yet): each with the reason
NOT_YET = {
    "BI-173": "there are no secret arguments yet",
    "BI-382": "there is no OAuth login before the hub is supported",
    "BI-409": "no route searches logs; the browser looks for plain text",
}


def entries() -> list[dict[str, Any]]:
    """Those of the areas that exist by now; none where the corpus is not at hand."""
    if not CORPUS.exists():
        return []
    found = [json.loads(line) for line in CORPUS.read_text("utf-8").splitlines()]
    return [entry for entry in found if entry["area"] in AREAS]


def payload(entry: dict[str, Any]) -> Any:
    """What to send: given as it is, or made by a Python expression of the corpus."""
    if "gen" not in entry:
        return entry["payload"]
    known = {"__import__": importlib.import_module, "range": range, "bytes": bytes}
    return eval(entry["gen"], {"__builtins__": known})
