"""Spells the commands that create and change things, and those that start runs."""

import itertools
from collections.abc import Iterator

from msgspec import UNSET
from msgspec.structs import replace

from nbyard.domain.automations.structs import (
    AutomationPatch,
    Fire,
    NewAutomation,
    On,
    OnDataset,
    OnFile,
    OnNotebook,
    OnRun,
    OnWebhook,
)
from nbyard.domain.automations.times.structs import Phrase
from nbyard.domain.credentials import KINDS, CredentialPatch, NewCredential, kind_of
from nbyard.domain.datasets.s3 import SCHEME
from nbyard.domain.datasets.structs import FileSource, NewDataset, UrlSource
from nbyard.domain.deployments.creation_form import IDES
from nbyard.domain.deployments.structs import DeploymentChange, NewDeployment, Port
from nbyard.domain.environments.references import split_reference
from nbyard.domain.environments.structs import EnvironmentChange, NewEnvironment
from nbyard.domain.images.structs import ImageName, NewImage
from nbyard.domain.models.structs import NewModel
from nbyard.domain.notices.structs import (
    DEFAULT_EVENTS,
    AutomationNotice,
    ChannelPatch,
    DigestLimit,
    NewChannel,
)
from nbyard.domain.presentation import presented_fields
from nbyard.domain.projects.structs import NewLink
from nbyard.domain.runs.clean_up import CleanUpRules, NewRetention
from nbyard.domain.runs.retention import PolicyRules
from nbyard.domain.runs.structs import NewRun
from nbyard.services.spelling.words import (
    Commands,
    Path,
    Words,
    need,
    need_defaults,
    presented,
    target_of,
)

# `origin` says what sends a request, so each spelling has its own.
VALUES = ("path", "executable", "parameters", "texts", "force", "origin")
STORED = ("runtime", "environment", "kernel", "image")
# A change of a credential does not name its kind.
SECRET_FIELDS = frozenset(field.name for kind in KINDS for field in kind.fields if field.secret)
ADDRESSES = ("http://", "https://", SCHEME)


def run(_path: Path, body: NewRun) -> list[str]:
    """Return the words of `nbyard run` or `nbyard artifacts create` for a request."""
    if body.replace:
        # Only an artifact takes the name of another one, and then ignores the cache.
        need(body.force and bool(body.name) and not body.path.endswith(".nbflow"))
        need_defaults(body, besides=(*VALUES, "name", "replace", "runtime", "image"))
        command = Words("artifacts", "create")
        command.option("--executable", target_of(body.path, body.executable))
        command.option("--name", body.name).json("--parameters", body.parameters)
        command.pairs("--input-file", body.texts).option("--runtime", body.runtime, "")
        return command.option("--image", body.image, "").flag("--force", True).done()
    # The command has no other option for a scope than `--only`.
    need(body.scope == ("selected" if body.nodes else "all"))
    need(body.gpu in (None, 1) and body.name != "")
    more = ("name", "containers", "scope", "nodes", "priority", "pins", "gpu", "sweep")
    need_defaults(body, besides=(*VALUES, *STORED, *more))
    command = _values(Words("run"), body).flag("--force", body.force).option("--name", body.name)
    command.option("--containers", body.containers, "").option("--priority", body.priority, 0)
    command.each("--only", body.nodes).pairs("--pin", body.pins).flag("--gpu", body.gpu == 1)
    return command.pairs("--sweep", body.sweep).done(target_of(body.path, body.executable))


def _values(command: Words, body: NewRun) -> Words:
    """Add options for the values of a run, and for where its nodes run."""
    command.json("--parameters", body.parameters).pairs("-p", body.texts)
    for name in STORED:
        command.option(f"--{name}", getattr(body, name), "")
    return command


def create_automation(_path: Path, body: NewAutomation) -> list[str]:
    command = _start(Words("automations", "create"), body.on)
    command.fields(body, besides=("run", "on", "notify", "is_enabled"))
    command.each("--notify", map(_notice, body.notify))
    command.flag("--disabled", not body.is_enabled)
    need_defaults(body.run, besides=(*VALUES, *STORED))
    command = _values(command, body.run).flag("--use-cache", not body.run.force)
    return command.done(target_of(body.run.path, body.run.executable))


def update_automation(path: Path, body: AutomationPatch) -> list[str]:
    """Return the words of `nbyard automations update` for a request."""
    need(body.run is UNSET and body.notify != [])
    command = Words("automations", "update")
    if body.on is not UNSET:
        _start(command, body.on)
    command.fields(body, besides=("on", "notify"))
    if body.notify is not UNSET:
        command.each("--notify", map(_notice, body.notify))
    return command.done(path["automation"])


def _notice(notice: AutomationNotice) -> str:
    need(bool(notice.events) and ":" not in notice.channel)
    if [*notice.events] == [*DEFAULT_EVENTS]:
        return notice.channel
    return f"{notice.channel}:{','.join(notice.events)}"


def _start(command: Words, on: On) -> Words:
    if isinstance(on, Phrase):
        return command.option("--at", on.text)
    if isinstance(on, OnDataset):
        need(bool(on.dataset))
        return command.option("--on-dataset", on.dataset)
    if isinstance(on, OnRun):
        need(bool(on.path))
        return command.option("--on-run", on.path).option("--outcome", on.outcome, "succeeded")
    if isinstance(on, OnFile):
        usual = OnFile("")
        need(all((on.path, on.pattern, on.changes, on.settle_seconds)))
        command.option("--on-file", on.path).option("--pattern", on.pattern, usual.pattern)
        command.each("--change", on.changes if on.changes != usual.changes else ())
        return command.option("--settle", on.settle_seconds, usual.settle_seconds)
    if isinstance(on, OnWebhook):
        need(on.most_per_minute != 0)
        command.flag("--on-webhook", True)
        return command.option("--per-minute", on.most_per_minute, OnWebhook().most_per_minute)
    need(isinstance(on, OnNotebook))  # no option takes a time in another form than a phrase
    return command.flag("--on-notebook", True)


def fire(path: Path, body: Fire) -> list[str]:
    need(not body.parameters)
    return Words("automations", "fire").pairs("-p", body.texts).done(path["automation"])


def clean_up(_path: Path, body: CleanUpRules) -> list[str]:
    # Without a rule, commands show the stored rules or refuse.
    need(body.is_given)
    return Words("runs", "clean-up").fields(body).done()


def set_retention(_path: Path, body: NewRetention) -> list[str]:
    command = Words("runs", "retention")
    if body.rules is None:
        return command.flag("--off", True).done()
    need(body.rules.is_given)
    return command.fields(body.rules).done()


def set_policy(path: Path, body: PolicyRules) -> list[str]:
    need(bool(path["policy"]) and body != PolicyRules())
    return Words("projects", "retention").fields(body).done(path["project"], path["policy"])


RUN_COMMANDS: Commands = {
    "projects.set_policy": set_policy,
    "runs.create": run,
    "runs.clean_up": clean_up,
    "runs.set_retention": set_retention,
    "automations.create": create_automation,
    "automations.update": update_automation,
    "automations.fire": fire,
    "backfills.create": presented("automations", "backfill"),
}


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


CONTAINER_COMMANDS: Commands = {
    "deployments.create": create_deployment,
    "deployments.create_key": presented("deployments", "keys", "create"),
    "deployments.edit": edit_deployment,
    "images.build": build_image,
    "images.pull": presented("images", "pull"),
    "images.push": push_image,
    "models.build": build_model,
}


def secret_places(body: object) -> list[str]:
    """Return the names of fields with secrets in a request body, such as `fields.password`."""
    if isinstance(body, NewCredential | CredentialPatch):
        fields = set(body.fields or {})
        if isinstance(body, NewCredential):
            kind = kind_of(body.kind)
            # A form may still lack them, and its command asks for them all the same.
            fields |= {field.name for field in kind.fields if field.secret and field.required}
        return [f"fields.{name}" for name in sorted(fields & SECRET_FIELDS)]
    places = [*_declared(body)] if body is not None else []
    if isinstance(body, NewDeployment) and body.service in IDES:
        places = [*dict.fromkeys(["password", *places])]
    return places


def _declared(body: object, outer: str = "") -> Iterator[str]:
    """Yield the places of given or required fields that are declared as secret."""
    for field in presented_fields(type(body)):
        value, place = getattr(body, field.name), f"{outer}{field.name}"
        if field.shown.secret and (value or field.info.required):
            yield place
        elif field.parts and value:
            yield from _declared(value, f"{place}.")


def add_dataset(_path: Path, body: NewDataset) -> list[str]:
    need(not body.description and body.name != "")
    source = ""
    if isinstance(body.source, UrlSource):
        source = body.source.url
    elif isinstance(body.source, FileSource):
        source = body.source.path
    need(bool(source) and source.startswith(ADDRESSES) == isinstance(body.source, UrlSource))
    command = Words("datasets", "add").option("--name", body.name)
    return command.flag("--replace", body.replace).flag("--unpack", body.unpack).done(source)


def create_environment(_path: Path, body: NewEnvironment) -> list[str]:
    need(not body.description)
    command = Words("environments", "create").option("--capture", body.capture, "")
    return command.done(body.name, *_lines(body.requirements))


def change_environment(path: Path, body: EnvironmentChange) -> list[str]:
    """Return the words of the command for a change, such as `environments install`."""
    name = path["environment"]
    ways = [body.requirements is not UNSET, bool(body.add), bool(body.remove), bool(body.version)]
    need(sum(ways) == 1)
    if body.requirements is not UNSET:
        command = Words("environments", "install").flag("--replace", True)
        return command.done(name, *_lines(body.requirements))
    if body.add:
        return Words("environments", "install").done(name, *_lines(body.add))
    if body.remove:
        return Words("environments", "uninstall").done(name, *body.remove)
    version = f"{name}@{body.version}"
    need(body.version > 0 and split_reference(version) == (name, body.version))
    return Words("environments", "use").done(version)


def _lines(requirements: str) -> list[str]:
    return requirements.split("\n") if requirements else []


def link_resource(path: Path, body: NewLink) -> list[str]:
    return Words("projects", "link").done(path["project"], body.kind, body.resource)


def create_channel(_path: Path, body: NewChannel) -> list[str]:
    """Return the words of `nbyard channels create` for a request."""
    command, usual = Words("channels", "create"), DigestLimit()
    command.option("--on", None if body.rules else "none")
    for first in body.rules[:1]:
        # The other options of a command are those of all rules.
        need(bool(first.events) and first.long_factor is not None)
        paths, projects = (
            [*dict.fromkeys(getattr(rule, name) for rule in body.rules)]
            for name in ("path", "project")
        )
        # The command creates a rule for each file in each project, in this order.
        places = itertools.product(paths, projects)
        need(body.rules == [replace(first, path=path, project=project) for path, project in places])
        command.option("--on", ",".join(first.events))
        command.option("--long-factor", first.long_factor, 2.0)
        command.option("--long-after", first.long_seconds)
        command.each("--of", paths if paths != [""] else [])
        command.each("--project", projects if projects != [""] else [])
    command.option("--most", body.digest.most, usual.most)
    command.option("--window", body.digest.window_seconds, usual.window_seconds)
    return command.done(body.name)


def update_channel(path: Path, body: ChannelPatch) -> list[str]:
    # Options of rules change the first rule, which only the server knows.
    need(body.rules is UNSET and body.url != "")
    command = Words("channels", "update").option("--name", body.name)
    command.flag("--url", body.url is not UNSET)
    if body.digest is not UNSET:
        command.option("--most", body.digest.most).option("--window", body.digest.window_seconds)
    return command.done(path["channel"])


def add_credential(_path: Path, body: NewCredential) -> list[str]:
    hidden = {field.name for field in kind_of(body.kind).fields if field.secret and field.required}
    public = {name: text for name, text in body.fields.items() if name not in SECRET_FIELDS}
    # The command asks for the required secret only.
    need(body.fields.keys() <= public.keys() | hidden)
    command = Words("credentials", "add").option("--kind", body.kind, "token")
    command.pairs("--field", public).option("--description", body.description, "")
    return command.done(body.name)


COMMANDS: Commands = {
    "channels.create": create_channel,
    "channels.update": update_channel,
    "credentials.create": add_credential,
    "datasets.create": add_dataset,
    "environments.create": create_environment,
    "environments.change": change_environment,
    "executables.create": presented("executables", "add"),
    "projects.create": presented("projects", "create"),
    "quotas.set": presented("quotas", "set"),
    "projects.link": link_resource,
    "shares.grant": presented("shares", "grant"),
    "shares.create_link": presented("shares", "create-link"),
}
