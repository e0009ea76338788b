"""`%nbyard deploy`: deploys a model from a file, a folder or a run."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from IPython.core.error import UsageError

from nbyard.domain.deployments.creation_form import name_of
from nbyard.domain.deployments.settling import is_settled
from nbyard.domain.deployments.structs import DeploymentChange, NewDeployment, Revision
from nbyard.domain.models.structs import NewModel, split_class_path
from nbyard.magics.option_words import read_words
from nbyard.magics.results import ServedModel

USAGE = "Write: %nbyard deploy DIR, FILE.py[:CLASS], or RUN NODE.OUTPUT; then [--as NAME]"
OPTIONS = ("--as",)
LOOK_SECONDS = 0.5


def deploy(connection: Any, argv: Sequence[str]) -> ServedModel:
    """Build a model and deploy it. Return when the service responds or has failed.

    If the same node, file or class is deployed already, the model becomes its next revision. The
    work continues if the user interrupts the cell.

    Raises:
        UsageError: The arguments are not valid.
        NbyardError: The service refuses the model or the deployment.
    """
    parsed = read_words(argv, OPTIONS, USAGE)
    if parsed.texts:
        raise UsageError(f"A model has no parameters. {USAGE}")
    source = _source(parsed.arguments)
    connection.deployments.form().engine.require()  # before a model is created
    model = connection.models.build(body=source)
    there = connection.models.deployments(model=model.id)
    host = parsed.options.get("--as", "")
    # The deployment waits for the image of the model.
    if into := there.to_update(host):
        change = DeploymentChange(image=model.reference)
        made = connection.deployments.edit(deployment=into, body=change)
        # A deployment that was stopped does not start by itself after an edit.
        if not made.is_wanted:
            made = connection.deployments.start(deployment=into)
    else:
        body = NewDeployment(model.reference, name=host or there.name or name_of(model.name))
        made = connection.deployments.create(body=body)
    key = made.id

    def newest() -> Revision:
        revision: Revision = connection.deployments.revisions(deployment=key, limit=1).items[0]
        return revision

    while not is_settled(made, newest):
        connection.wait(LOOK_SECONDS)
        made = connection.deployments.get(deployment=key)
    return ServedModel(made)


def _source(arguments: list[str]) -> NewModel:
    """Return the request for the model that the arguments name: a path, or a run and an output."""
    if len(arguments) == 2:
        return NewModel(run=arguments[0], output=arguments[1])
    if len(arguments) != 1:
        raise UsageError(USAGE)
    path, class_name = split_class_path(arguments[0])
    if not Path(path).exists():
        raise UsageError(f"There is no file or folder {path}. {USAGE}")
    return NewModel(path, class_name=class_name)
