"""Spells downloads, which are no operations but have a command of their own."""

import shlex

from nbyard.domain.parsing.typed_json import convert_json
from nbyard.domain.spelling import Spelling, SpellingRequest
from nbyard.services.spelling.words import Words

CRATE = "runs.crate"
PROGRAM = """\
from shutil import copyfileobj

from nbyard.discover import connect

connection = connect()
crate, _ = connection.run_crate({arguments})
with open({target!r}, "wb") as file:
    copyfileobj(crate, file)"""


def spell_download(asked: SpellingRequest) -> Spelling | None:
    """Return the spelling of a download, None if the request is an operation."""
    if asked.operation != CRATE:
        return None
    run = asked.path.get("run", "")
    has_inputs = convert_json(asked.query.get("inputs", True), bool)
    target = f"run-{run}.zip"
    export_command = Words("runs", "export").option("--ro-crate", target)
    command = export_command.flag("--no-inputs", not has_inputs).done(run)
    arguments = repr(run) if has_inputs else f"{run!r}, inputs=False"
    return Spelling(shlex.join(command), PROGRAM.format(arguments=arguments, target=target))
