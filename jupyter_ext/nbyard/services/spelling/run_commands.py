"""Spells commands that start runs, or that store runs of automations."""

from msgspec import UNSET

from nbyard.domain.automations.structs import (
    AutomaticRun,
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
from nbyard.domain.notices.structs import DEFAULT_EVENTS, AutomationNotice
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
    more = ("name", "containers", "scope", "nodes", "priority", "pins", "gpu")
    need_defaults(body, besides=(*VALUES, *STORED, *more))
    command = _values(Words("run"), body).flag("--force", body.force).option("--name", body.name)
    command.option("--containers", body.containers, "").option("--priority", body.priority, 0)
    command.each("--only", body.nodes).pairs("--pin", body.pins).flag("--gpu", body.gpu == 1)
    return command.done(target_of(body.path, body.executable))


def _values(command: Words, body: NewRun) -> Words:
    """Add options for the values of a run, and for where its nodes run."""
    command.json("--parameters", body.parameters).pairs("-p", body.texts)
    for name in STORED:
        command.option(f"--{name}", getattr(body, name), "")
    return command


def _stored(command: Words, body: AutomaticRun) -> list[str]:
    need_defaults(body, besides=(*VALUES, *STORED))
    command = _values(command, body).flag("--use-cache", not body.force)
    return command.done(target_of(body.path, body.executable))


def create_automation(_path: Path, body: NewAutomation) -> list[str]:
    command = _start(Words("automations", "create"), body.on)
    command.fields(body, besides=("run", "on", "notify", "is_enabled"))
    command.each("--notify", map(_notice, body.notify))
    return _stored(command.flag("--disabled", not body.is_enabled), body.run)


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


COMMANDS: Commands = {
    "projects.set_policy": set_policy,
    "runs.create": run,
    "runs.clean_up": clean_up,
    "runs.set_retention": set_retention,
    "automations.create": create_automation,
    "automations.update": update_automation,
    "automations.fire": fire,
    "backfills.create": presented("automations", "backfill"),
}
