"""Spells commands that read, if their arguments differ from those of their operation."""

from collections.abc import Callable, Mapping
from typing import Any

from nbyard.services.spelling.words import Path, UnspellableRequest, Words, need

Query = Mapping[str, Any]
# `nbyard models ls` asks for so many.
MOST_MODELS = 500


def compare_versions(path: Path, query: Query) -> list[str]:
    numbers = [str(query.get(name, 0)) for name in ("old", "new")] if query else []
    return Words("datasets", "compare").done(path["dataset"], *numbers)


def environment_log(path: Path, query: Query) -> list[str]:
    need("after" not in query)
    command = Words("environments", "log").option("--version", query.get("version"))
    return command.done(path["environment"])


def image_log(path: Path, query: Query) -> list[str]:
    need(not query)
    return Words("images", "log").done(path["image"])


def deployment_log(path: Path, query: Query) -> list[str]:
    need("after" not in query)
    command = Words("deployments", "log").option("--revision", query.get("revision"))
    return command.done(path["deployment"])


def list_models(_path: Path, query: Query) -> list[str]:
    filters = {name: text for name, text in query.items() if name != "limit"}
    need(query.get("limit") == MOST_MODELS and filters.keys() <= {"id", "tag", "name", "mode"})
    return Words("models", "ls").pairs("-f", filters).done()


def show_workflow(_path: Path, query: Query) -> list[str]:
    return Words("workflows", "show").done(query["path"])


def compare_runs(path: Path, query: Query) -> list[str]:
    others = query["others"].split(",")
    need(all(others))
    command = Words("runs", "compare").flag("--all", query.get("everything", False))
    return command.done(path["run"], *others)


def explain_run(path: Path, query: Query) -> list[str]:
    node, results = query.get("node", ""), {*query} - {"other", "node"}
    # The command names the node with its metric or output only.
    need(len(results) == bool(node) and "." not in node)
    command = Words("runs", "why")
    for result in results:
        command.option(f"--{result}", f"{node}.{query[result]}")
    return command.done(query["other"], path["run"])


def task_log(path: Path, query: Query) -> list[str]:
    need(not {*query} - {"attempt"} and bool(path["node"]))
    command = Words("runs", "log").option("--attempt", query.get("attempt"))
    return command.done(path["run"], path["node"])


def task_metrics(path: Path, query: Query) -> list[str]:
    need(bool(path["node"]))  # without one, the command asks for the nodes of the run first
    command = Words("runs", "metrics").option("--attempt", query.get("attempt"))
    return command.done(path["run"], path["node"])


def task_files(_path: Path, _query: Query) -> list[str]:
    raise UnspellableRequest  # the command asks for the nodes of the run first


READS: Mapping[str, Callable[[Path, Query], list[str]]] = {
    "datasets.compare": compare_versions,
    "deployments.log": deployment_log,
    "environments.log": environment_log,
    "images.log": image_log,
    "models.list": list_models,
    "runs.compare": compare_runs,
    "runs.files": task_files,
    "runs.log": task_log,
    "runs.metrics": task_metrics,
    "runs.why": explain_run,
    "workflows.show": show_workflow,
}
