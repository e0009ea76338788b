"""`%nbyard schedule`: runs the notebook, or another file, at set times."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from IPython.core.error import UsageError
from msgspec import UNSET

from nbyard.domain.automations.structs import AutomaticRun, AutomationPatch, NewAutomation
from nbyard.domain.automations.times.structs import Phrase
from nbyard.magics.completion import CODE
from nbyard.magics.option_words import read_words
from nbyard.magics.results import Scheduled, Shown

USAGE = (
    'Write: %nbyard schedule "weekdays 8:00" [FILE] [-p NAME=VALUE] [--zone ZONE] [--name NAME]'
    " [--use-cache]"
)
OPTIONS = ("--zone", "--name")
USE_CACHE = "--use-cache"
# Jupyter Server and VS Code store the path of a kernel's notebook in these variables.
SESSION, VS_CODE = "JPY_SESSION_NAME", "__vsc_ipynb_file__"


def schedule(connection: Any, names: Mapping[str, Any], argv: Sequence[str]) -> Shown:
    """Create an automation, or change the one that the file already has under this name.

    So a cell can be run again. `names` are the variables of the notebook.

    Raises:
        UsageError: The arguments are not valid, or the notebook's file is unknown.
        NbyardError: The service refuses the automation.
    """
    parsed = read_words(argv, OPTIONS, USAGE, (USE_CACHE,))
    # A run of the notebook must not schedule further runs.
    if "NBYARD_ATTEMPT" in os.environ:
        return Shown("In a run, %nbyard schedule has no effect.", (), [])
    phrase, path = parsed.arguments, ""
    # A phrase needs no quotes, so a file is recognized by its suffix: `weekdays 8:00 report.ipynb`.
    if len(phrase) > 1 and Path(phrase[-1]).suffix in CODE:
        path = str(Path(phrase.pop()).absolute())
    if not phrase:
        raise UsageError(USAGE)
    timing = Phrase(" ".join(phrase))
    path = path or notebook_path(names)
    if not path:
        raise UsageError(f"The file of this notebook is unknown: name it. {USAGE}")
    run = AutomaticRun(path=path, texts=parsed.texts, force=USE_CACHE not in parsed.flags)
    zone, name = parsed.options.get("--zone", ""), parsed.options.get("--name", "")
    of_file = connection.automations.list(path=path, limit=50).items
    timed = [existing for existing in of_file if existing.timing is not None]
    known = [existing for existing in timed if name in ("", existing.name)]
    if len(known) > 1:
        offered = ", ".join(existing.name for existing in known)
        raise UsageError(f"This file has several automations: choose one with --name ({offered}).")
    if not known:
        new = NewAutomation(run, timing, name=name, zone=zone)
        return Scheduled(connection.automations.create(body=new))
    # Options that the magic does not have, such as the environment, stay.
    kept = msgspec.structs.replace(known[0].run, parameters={}, path=path)
    # The values typed now replace all values of the automation.
    run = msgspec.structs.replace(kept, texts=run.texts, force=run.force)
    body = AutomationPatch(known[0].revision, run=run, on=timing, zone=zone or UNSET)
    return Scheduled(connection.automations.update(automation=known[0].id, body=body))


def notebook_path(names: Mapping[str, Any]) -> str:
    """Return the file of the running notebook, "" if it is unknown.

    `names` are its variables.
    """
    for path in (os.environ.get(SESSION), names.get(VS_CODE)):
        if path and Path(path).is_file():
            return str(path)
    return ""
