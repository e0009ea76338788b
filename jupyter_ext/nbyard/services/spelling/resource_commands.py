"""Spells commands that change datasets, executables, environments, projects and channels."""

import itertools

from msgspec import UNSET
from msgspec.structs import replace

from nbyard.domain.credentials import NewCredential, kind_of
from nbyard.domain.datasets.s3 import SCHEME
from nbyard.domain.datasets.structs import FileSource, NewDataset, UrlSource
from nbyard.domain.environments.references import split_reference
from nbyard.domain.environments.structs import EnvironmentChange, NewEnvironment
from nbyard.domain.notices.structs import ChannelPatch, DigestLimit, NewChannel
from nbyard.domain.projects.structs import NewLink
from nbyard.services.spelling.secrets import SECRET_FIELDS
from nbyard.services.spelling.words import Commands, Path, Words, need, presented

ADDRESSES = ("http://", "https://", SCHEME)


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
    "projects.link": link_resource,
}
