"""The corpus of bad inputs, and what each class of answer means."""

import importlib
import json
from pathlib import Path
from typing import Any

CORPUS = Path(__file__).resolve().parents[2] / "cases" / "badinputs.jsonl"
AREAS = (
    *("names", "json", "csv", "upload", "paths", "ssrf", "redirect"),
    *("notebook", "params", "argv", "workflow", "authn", "logs", "store", "process", "yaml"),
    *("dockerfile", "package", "container", "library", "env", "archive", "schedule", "notify"),
)
# operations of areas that are not tried as a whole
MORE = ("project.link",)
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
# entries about what nbyard does not have (yet): each with the reason
NO_SERVICES = "there are no deployments yet"
NO_LISTS = "on one's own machine every image may run; lists of allowed ones come with the hub"
NOT_YET = {
    "BI-382": "there is no OAuth login before the hub is supported",
    **dict.fromkeys(("BI-314", "BI-315", "BI-316", "BI-317"), NO_SERVICES),
    **dict.fromkeys(("BI-344", "BI-345"), NO_LISTS),
    "BI-409": "no route searches logs; the browser looks for plain text",
}


def entries() -> list[dict[str, Any]]:
    """Return the entries whose area exists in nbyard."""
    found = [json.loads(line) for line in CORPUS.read_text("utf-8").splitlines()]
    return [entry for entry in found if entry["area"] in AREAS or entry["op"] in MORE]


def payload(entry: dict[str, Any]) -> Any:
    """What to send: given as it is, or made by a Python expression of the corpus."""
    if "gen" not in entry:
        return entry["payload"]
    known = {"__import__": importlib.import_module, "range": range, "bytes": bytes, "len": len}
    return eval(entry["gen"], {"__builtins__": known})
