"""The run that a schedule or trigger stores, from the options of a command."""

from collections.abc import Mapping
from typing import Any

import click
import msgspec

from nbyard.cli.output.console import chosen_server
from nbyard.cli.shared_options import with_options
from nbyard.cli.typed_values import json_object, split_target, texts_of
from nbyard.domain.schedules.structs import AutomaticRun, Schedule
from nbyard.domain.triggers.structs import Trigger

PLAIN = ("runtime", "environment", "kernel", "image")
OPTIONS = (
    click.option(
        "-p", "--param", "params", multiple=True, metavar="NAME=VALUE", help="A parameter."
    ),
    click.option("--parameters", default="{}", metavar="JSON", help="Parameter values by name."),
    click.option(
        *("--input-file", "inputs"),
        multiple=True,
        metavar="NAME=FILE…",
        help="File, dataset or artifact.",
    ),
    click.option("--runtime", default="", help="Runtime of every node: process, docker or dask."),
    click.option(
        "--environment", default="", metavar="NAME[@N]", help="Environment of every node."
    ),
    click.option("-k", "--kernel", default="", help="Kernel of this machine for every notebook."),
    click.option("--image", default="", help="Container image of every node."),
    click.option("--use-cache", is_flag=True, help="Take unchanged nodes from the cache."),
)


def stored_run_options(command: Any) -> Any:
    """Add the options that describe a stored run."""
    return with_options(command, *OPTIONS)


def stored_run(target: str, given: Mapping[str, Any]) -> AutomaticRun:
    """Return the run of a file or an executable."""
    path, executable = split_target(target, bool(chosen_server()))
    texts = texts_of(given["params"], given["inputs"])
    others = {name: given[name] for name in PLAIN}
    values = json_object(given["parameters"])
    # Without --use-cache, such runs ignore the cache: data that the code fetches itself may change
    # unnoticed.
    return AutomaticRun(
        path=path,
        executable=executable,
        parameters=values,
        texts=texts,
        force=not given["use_cache"],
        **others,
    )


def cache_option(command: Any) -> Any:
    """Add the option that changes whether a stored run uses the cache."""
    return with_options(
        command,
        click.option(
            "--use-cache/--ignore-cache",
            default=None,
            help="Take unchanged nodes from the cache, or run every node again.",
        ),
    )


def changed_run(
    schedule_or_trigger: Schedule | Trigger, given: Mapping[str, Any]
) -> dict[str, AutomaticRun]:
    """Return the field `run` of a patch of a schedule or trigger; empty if no option changes it."""
    force = None if given["use_cache"] is None else not given["use_cache"]
    if force is None or force == schedule_or_trigger.run.force:
        return {}
    return {"run": msgspec.structs.replace(schedule_or_trigger.run, force=force)}
