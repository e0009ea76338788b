"""Spells commands that build images and models, and that start services."""

from msgspec import UNSET

from nbyard.domain.deployments.creation_form import IDES
from nbyard.domain.deployments.structs import DeploymentChange, NewDeployment, Port
from nbyard.domain.images.structs import ImageName, NewImage
from nbyard.domain.models.structs import NewModel
from nbyard.services.spelling.words import Commands, Path, Words, need, need_defaults, presented


def build_image(_path: Path, body: NewImage) -> list[str]:
    """Return the words of `nbyard images build` for a request."""
    need(bool(body.environment) != bool(body.path))
    command = Words("images", "build").option("--tag", body.tag, "")
    recipe = body.recipe
    if body.path:
        need("/" in body.path and not body.version and not (recipe and not recipe.base))
        if recipe:
            need_defaults(recipe, besides=("base",))
            command.option("--base", recipe.base)
        return command.done(body.path)
    need("/" not in body.environment)  # which would name a Dockerfile
    command.option("--version", body.version, 0)
    if recipe is None:
        return command.done(body.environment)
    # Without --anew, omitted options would keep the values of the last image.
    return command.flag("--anew", True).fields(recipe).done(body.environment)


def push_image(path: Path, body: ImageName) -> list[str]:
    return Words("images", "push").done(path["image"], body.reference)


def build_model(_path: Path, body: NewModel) -> list[str]:
    need(bool(body.path) != bool(body.run) and bool(body.run) == bool(body.output))
    is_class = body.path.lower().endswith(".py")
    # The command line separates a file and its class at the last colon.
    need(is_class or not body.class_name)
    need(":" not in body.path and (not body.class_name or body.class_name.isidentifier()))
    command = Words("models", "build").option("--config", body.file, "")
    command.option("--run", body.run, "").option("--output", body.output, "")
    target = f"{body.path}:{body.class_name}" if body.class_name else body.path
    return command.done(*([target] if target else []))


def create_deployment(_path: Path, body: NewDeployment) -> list[str]:
    need(body.service in IDES or not body.password)
    command = Words("deployments", "create").fields(body, besides=("password", "ports"))
    return _ports(command, body.ports).done()


def edit_deployment(path: Path, body: DeploymentChange) -> list[str]:
    command = Words("deployments", "edit")
    command.fields(body, besides=("revision", "changed_at", "ports"))
    return _ports(command, None if body.ports is UNSET else body.ports).done(path["deployment"])


def _ports(command: Words, ports: list[Port] | None) -> Words:
    # Only an omitted option leaves the ports to the service, and names are unique on the line.
    need(ports != [] and len({port.name for port in ports or ()}) == len(ports or ()))
    for port in ports or ():
        need_defaults(port, besides=("name", "port", "keep_prefix"))
        need(port.port >= 0)
    command.pairs("--port", {port.name: port.port for port in ports or ()})
    return command.each("--keep-prefix", [port.name for port in ports or () if port.keep_prefix])


COMMANDS: Commands = {
    "deployments.create": create_deployment,
    "deployments.create_key": presented("deployments", "keys", "create"),
    "deployments.edit": edit_deployment,
    "images.build": build_image,
    "images.pull": presented("images", "pull"),
    "images.push": push_image,
    "models.build": build_model,
}
