"""The run that an automation stores, from the options of a command."""

from collections.abc import Mapping
from typing import Any

import click
import msgspec

from nbyard.cli.output.console import chosen_server
from nbyard.cli.shared_options import sweep_option, with_options
from nbyard.cli.typed_values import json_object, parse_pairs, split_target, texts_of
from nbyard.domain.automations.structs import AutomaticRun, Automation

PLAIN = ("runtime", "environment", "kernel", "image")


def _value_options(parameters_help: str, default: str | None) -> list[Any]:
    """Return the options for values and places. Omitted ones have the default, "" or None."""
    inputs_help = "File, dataset or artifact."
    return [
        click.option(
            "-p", "--param", "params", multiple=True, metavar="NAME=VALUE", help="A parameter."
        ),
        sweep_option,
        click.option(
            "--parameters",
            default=None if default is None else "{}",
            metavar="JSON",
            help=parameters_help,
        ),
        click.option(
            "--input-file", "inputs", multiple=True, metavar="NAME=FILE…", help=inputs_help
        ),
        click.option(
            "--runtime", default=default, help="Runtime of every node: process, docker or dask."
        ),
        click.option(
            "--environment", default=default, metavar="NAME[@N]", help="Environment of every node."
        ),
        click.option(
            "-k", "--kernel", default=default, help="Kernel of this machine for every notebook."
        ),
        click.option("--image", default=default, help="Container image of every node."),
    ]


def stored_run_options(command: Any) -> Any:
    """Add the options that describe a stored run."""
    return with_options(
        command,
        *_value_options("Parameter values by name.", ""),
        click.option("--use-cache", is_flag=True, help="Take unchanged nodes from the cache."),
    )


def stored_run(target: str, given: Mapping[str, Any]) -> AutomaticRun:
    """Return the run of a file or an executable."""
    path, executable = split_target(target, bool(chosen_server()))
    texts = texts_of(given["params"], given["inputs"])
    others = {name: given[name] for name in PLAIN}
    values = json_object(given["parameters"])
    # Without --use-cache, such runs ignore the cache: data that the code fetches may change.
    return AutomaticRun(
        path=path,
        executable=executable,
        parameters=values,
        texts=texts,
        sweep=parse_pairs("--sweep", given["sweeps"], "NAME=VALUES"),
        force=not given["use_cache"],
        **others,
    )


def changed_run_options(command: Any) -> Any:
    """Add the options that change a stored run. Omitted ones keep its values."""
    return with_options(
        command,
        click.option("--file", "path", metavar="PATH", help="Run this file from now on."),
        *_value_options("Replace all parameters, inputs and sweeps by these values.", None),
        click.option(
            "--use-cache/--ignore-cache",
            default=None,
            help="Take unchanged nodes from the cache, or run every node again.",
        ),
    )


def changed_run(automation: Automation, given: Mapping[str, Any]) -> dict[str, AutomaticRun]:
    """Return the field `run` of a patch of an automation; empty if no option changes it."""
    changes = {name: given[name] for name in ("path", *PLAIN) if given[name] is not None}
    if given["path"]:
        changes["executable"] = ""
    if given["use_cache"] is not None:
        changes["force"] = not given["use_cache"]
    if given["sweeps"] or given["parameters"] is not None:
        changes["sweep"] = parse_pairs("--sweep", given["sweeps"], "NAME=VALUES")
    typed = texts_of(given["params"], given["inputs"])
    if not changes and not typed and given["parameters"] is None:
        return {}
    run = automation.run
    values, texts = run.parameters, run.texts
    if given["parameters"] is not None:
        values, texts = json_object(given["parameters"]), {}
    kept = {name: value for name, value in values.items() if name not in typed}
    changed = msgspec.structs.replace(run, parameters=kept, texts=texts | typed, **changes)
    # A change of the run freezes the files of a pinned automation again.
    return {} if changed == run else {"run": changed}
