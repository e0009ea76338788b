"""Measure the cost of requests in a store of 2,000 runs and in one of 50,000.

    python benchmarks/many_runs.py [--sizes 2000 50000] [--rounds 15] [--most 100]
        [--database URL URL] [--smallest]

| request | what is requested |
|---|---|
| runs | the newest 5 |
| runs, a later page | one run from the middle |
| runs of a workflow | its newest 5 |
| runs that failed | the newest 5 |
| runs of an executable | the newest 5 |
| history: text of all | 50 runs |
| history: text of one | 50 runs |
| history: text of none | 50 runs |
| history: state of none | 50 runs |
| history: person of none | 50 runs |
| history: project and text | 50 runs |
| history: project and state | 50 runs |
| history: text and state | 50 runs |
| history: workflow and state | 50 runs |
| history: workflow and no state | 50 runs |
| history: workflow and text | 50 runs |
| history: executable and state | 50 runs |
| history: executable and no state | 50 runs |
| history: executable and text | 50 runs |
| history: node | 50 runs |
| history: a week | 50 runs |
| history: a week, state | 50 runs |
| history: a week, text | 50 runs |
| history: a week, executable | 50 runs |
| history: until the first | 50 runs |
| history: everything | 50 runs |
| metrics over runs | 50 runs of a workflow |
| a run by id | with tasks, attempts and artifacts |
| a run by name | the same |
| tasks of a run | the first page |
| artifacts | the newest 5 |
| datasets | 200 of 200, with their links |
| executables | the newest 50 |
| workflows | the newest 50 |
| events | the 20 newest |
| artifacts: text of one | 50 artifacts |
| artifacts: text of none | 50 artifacts |
| datasets: text of none | 50 datasets |
| executables: text of none | 50 executables |
| workflows: text of none | 50 workflows |
| runs of an automation | its newest 50 |
| runs of an automation: state of none | 50 runs |
| runs of an automation: text of none | 50 runs |
| runs by origin | the newest 50 |
| automations | 50 of 200, with their newest firings |
| automations: text of none | 50 automations |
| firings | 50 of 1,000 |
| notices of a channel | 50 of 20,000 |
| notices: outcome of none | 50 notices |
| bisections | the newest 50 |
| backfills | the newest 50 |
| deployments | the newest 50 |
| models | the newest 50 |
| lineage of a run | 200 nodes |
| compare two runs | what differs |
| why a run differs | the causes |
| estimate of a run | the next run of its workflow |
| results of a project | 50 outputs |
| models of a project | 50 outputs |
| results of a project: text of none | 50 outputs |
| results of a large project | 50 outputs; all workflows and automations are linked |
| runs of a large project | the newest 50 |
| large project: text of none | 50 runs |
| projects | with the numbers of their links |
| one project | the same |
| links of a project | 50 links |
| linkable runs | 50 runs |
| linkable runs: text of none | 50 runs |
| models of all runs | 20 outputs |
| preview of a clean-up, few runs | those of the first three hours |
| preview of a clean-up, most runs | all but 100 of each workflow |

A figure is the processor time of this process for a request, the median of the rounds. The ratio is
that of the largest store to the smallest. All stores are measured in turns. `--most MS` fails if
the 95th percentile of the time that a list or search takes is longer. Previews are no lists.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from parts.filled import START, fill
from parts.filled_beside import NOTICES, PAST, fill_beside
from parts.paired import options_of, print_line
from sqlalchemy import text

from nbyard.domain.callers import Caller
from nbyard.domain.projects.structs import NewProject
from nbyard.domain.runs.clean_up import CleanUpRules
from nbyard.rest.identity import local_name
from nbyard.services.runs.service import RunService
from nbyard.settings import Settings
from nbyard.yard import Yard

CALLER = Caller(local_name())
DATASETS = 200
PREVIEW = "preview of a clean-up"
PROJECT = "birds"  # the workflow is linked to it
LARGE = "all birds"  # all workflows and automations are linked to it
Requests = dict[str, Callable[[], object]]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[2_000, 50_000])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--database", nargs="+", default=[], help="empty databases of PostgreSQL")
    parser.add_argument("--most", type=float, help="limit of lists in milliseconds")
    parser.set_defaults(past=PAST, notices=NOTICES)
    options = options_of(parser, sizes=[5, 20], rounds=1, past=20, notices=100)
    with ExitStack() as stack, tempfile.TemporaryDirectory() as name:
        asked = {}
        for at, size in enumerate(options.sizes):
            url = options.database[at] if options.database else ""
            yard = stack.enter_context(opened(Path(name) / str(size), size, url, options))
            asked[size] = dict(requests(yard))
        found = measured(asked, options.rounds)
        waits = list_waits(asked[max(asked)]) if options.most else {}
    smallest, largest = min(found), max(found)
    ratios = {name: found[largest][name] / found[smallest][name] for name in found[largest]}
    print_line("A store of many runs", milliseconds=found, ratios=ratios)
    show(found, ratios)
    if slow := {name: wait for name, wait in waits.items() if wait > options.most}:
        sys.exit(f"slower than {options.most} ms: {slow}")


def opened(folder: Path, size: int, url: str, options: argparse.Namespace) -> Yard:
    """Open a yard without a dispatcher, with `size` runs in its store."""
    folder.mkdir()
    settings = Settings(store_dir=str(folder / "store"), database_url=url, inline_dispatch=True)
    yard = Yard.open(settings, root=folder)
    begun = time.monotonic()
    fill(yard.store, CALLER.name, size, DATASETS)
    fill_beside(yard.store, CALLER.name, options.past, options.notices)
    if url:
        with yard.store.write() as c:
            c.execute(text("analyze"))  # as PostgreSQL does on its own within a minute
    for dataset in yard.services.datasets.list(CALLER, limit=DATASETS).items:
        yard.context.links.path(dataset.id).mkdir(exist_ok=True)
    sys.stderr.write(f"{size:,} runs were written in {time.monotonic() - begun:.0f} s\n")
    return yard


def requests(yard: Yard) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield the requests by their names."""
    services = yard.services
    runs = services.runs
    found = runs.list(CALLER, limit=50).items
    newest = found[0]
    flow = next(run.workflow_id for run in found if run.workflow_id)
    project = services.projects.create(CALLER, NewProject(PROJECT))
    with yard.store.write() as c:
        yard.store.projects.link(c, project, "workflow", flow)
    name = next((run.name for run in found if run.name), newest.id)
    older = runs.get(CALLER, str(max(1, newest.number // 2))).run.id
    last = services.events.newest_id()
    yield "runs", lambda: runs.list(CALLER, limit=5)
    yield "runs, a later page", lambda: runs.list(CALLER, limit=1, after=older)
    yield "runs of a workflow", lambda: runs.list(CALLER, limit=5, workflow=flow)
    yield "runs that failed", lambda: runs.list(CALLER, limit=5, state="failed")
    yield "runs of an executable", lambda: runs.list(CALLER, limit=5, executable="load")
    yield from history(runs, flow)
    yield "a run by id", lambda: runs.get(CALLER, newest.id)
    yield "a run by name", lambda: runs.get(CALLER, name)
    yield "tasks of a run", lambda: runs.tasks(CALLER, newest.id)
    yield "artifacts", lambda: services.artifacts.list(CALLER, limit=5)
    yield "datasets", lambda: services.datasets.list(CALLER, limit=DATASETS)
    yield "executables", lambda: services.executables.list(CALLER, limit=50)
    yield "workflows", lambda: services.workflows.list(CALLER, limit=50)
    yield "events", lambda: services.events.list(CALLER, after=max(0, last - 20))
    yield from searches(yard, newest.id, older)
    yield from of_projects(yard)
    yield "models of all runs", lambda: services.models.sources(CALLER)
    yield from previews(runs)


def searches(yard: Yard, newest: str, older: str) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield lists and searches beside runs."""
    services = yard.services
    runs, of, none = services.runs, CALLER, "zebra"
    automations = services.automations
    automation = automations.list(of).items[0].id
    channel = services.channels.list(of).items[0].id
    yield "artifacts: text of one", lambda: services.artifacts.list(of, search="result-15")
    yield "artifacts: text of none", lambda: services.artifacts.list(of, search=none)
    yield "datasets: text of none", lambda: services.datasets.list(of, search=none)
    yield "executables: text of none", lambda: services.executables.list(of, search=none)
    yield "workflows: text of none", lambda: services.workflows.list(of, search=none)
    yield "runs of an automation", lambda: runs.list(of, automation=automation)
    yield (
        "runs of an automation: state of none",
        partial(runs.list, of, automation=automation, state="cancelled"),
    )
    yield (
        "runs of an automation: text of none",
        partial(runs.list, of, automation=automation, search=none),
    )
    yield "runs by origin", lambda: runs.list(of, origin="automation")
    yield "automations", lambda: automations.list(of)
    yield "automations: text of none", lambda: automations.list(of, search=none)
    yield "firings", lambda: automations.firings(of, automation)
    yield "notices of a channel", lambda: services.channels.notices(of, channel)
    yield (
        "notices: outcome of none",
        partial(services.channels.notices, of, channel, outcome="failed"),
    )
    yield "bisections", lambda: services.bisections.list(of)
    yield "backfills", lambda: services.backfills.list(of)
    yield "deployments", lambda: services.deployments.list(of)
    yield "models", lambda: services.models.list(of)
    yield "lineage of a run", lambda: services.lineage.get(of, "run", newest)
    yield "compare two runs", lambda: runs.compare(of, newest, older)
    yield "why a run differs", lambda: runs.why(of, newest, older)
    yield "estimate of a run", lambda: runs.estimate(of, newest)


def of_projects(yard: Yard) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield requests on projects, also on one with all workflows and automations."""
    projects = yard.services.projects
    yield "results of a project", lambda: projects.artifacts(CALLER, PROJECT)
    yield "models of a project", lambda: projects.artifacts(CALLER, PROJECT, kind="model")
    large = projects.create(CALLER, NewProject(LARGE))
    with yard.store.write() as c:
        for flow in yard.services.workflows.list(CALLER).items:
            yard.store.projects.link(c, large, "workflow", flow.id)
        for automation in yard.services.automations.list(CALLER, limit=200).items:
            yard.store.projects.link(c, large, "automation", automation.id)
    yield (
        "results of a project: text of none",
        partial(projects.artifacts, CALLER, PROJECT, search="zebra"),
    )
    yield "results of a large project", lambda: projects.artifacts(CALLER, large.id)
    yield "runs of a large project", lambda: yard.services.runs.list(CALLER, project=large.id)
    yield (
        "large project: text of none",
        partial(yard.services.runs.list, CALLER, project=large.id, search="zebra"),
    )
    yield "projects", lambda: projects.list(CALLER)
    yield "one project", lambda: projects.get(CALLER, large.id)
    yield "links of a project", lambda: projects.links(CALLER, large.id)
    yield "linkable runs", lambda: projects.linkable(CALLER, PROJECT, "run")
    yield (
        "linkable runs: text of none",
        partial(projects.linkable, CALLER, PROJECT, "run", search="zebra"),
    )


def previews(runs: RunService) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield previews of clean-ups that would delete few and most runs."""
    few = CleanUpRules(older_than_days=(datetime.now(UTC) - START) / timedelta(days=1) - 0.14)
    yield f"{PREVIEW}, few runs", lambda: runs.preview_clean_up(CALLER, few)
    yield f"{PREVIEW}, most runs", lambda: runs.preview_clean_up(CALLER, CleanUpRules(keep=100))


def history(runs: RunService, flow: str) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield searches of the history: those that find much, little and nothing."""
    week = {"since": "2026-01-20", "until": "2026-01-27"}
    searches: dict[str, dict[str, Any]] = {
        "text of all": {"search": "penguin"},
        "text of one": {"search": "result-15"},
        "text of none": {"search": "zebra"},
        "state of none": {"state": "cancelled"},
        "person of none": {"person": "nobody"},
        "project and text": {"project": PROJECT, "search": "zebra"},
        "project and state": {"project": PROJECT, "state": "failed"},
        "text and state": {"search": "zebra", "state": "failed"},
        "workflow and state": {"workflow": flow, "state": "failed"},
        "workflow and no state": {"workflow": flow, "state": "cancelled"},
        "workflow and text": {"workflow": flow, "search": "zebra"},
        "executable and state": {"executable": "load", "state": "failed"},
        "executable and no state": {"executable": "load", "state": "cancelled"},
        "executable and text": {"executable": "load", "search": "zebra"},
        "node": {"node": "train"},
        "a week": week,
        "a week, state": {**week, "state": "failed"},
        "a week, text": {**week, "search": "zebra"},
        "a week, executable": {**week, "executable": "load"},
        "until the first": {"until": "2026-01-01T00:10+00:00"},
        "everything": {**week, "workflow": flow, "executable": "load", "state": "succeeded"},
    }
    for name, given in searches.items():
        yield f"history: {name}", partial(runs.list, CALLER, limit=50, **given)
    yield "metrics over runs", lambda: runs.metric_history(CALLER, workflow=flow)


def list_waits(requests: Requests) -> dict[str, float]:
    """Return the 95th percentile of the milliseconds that each list or search takes."""
    waits = {}
    for name, ask in requests.items():
        if not name.startswith(PREVIEW):
            times = []
            for _ in range(60):
                start = time.perf_counter()
                ask()
                times.append(1e3 * (time.perf_counter() - start))
            waits[name] = statistics.quantiles(times, n=20, method="inclusive")[-1]
            sys.stderr.write(f"{name:40}{waits[name]:>8.1f} ms (p95)\n")
    return waits


def measured(asked: dict[int, Requests], rounds: int) -> dict[int, dict[str, float]]:
    """Return the milliseconds of each request by size, after one warm-up request each."""
    times: dict[int, dict[str, list[float]]] = {
        size: {name: [] for name in of} for size, of in asked.items()
    }
    for number in range(rounds + 1):
        for size, of in asked.items():
            for name, ask in of.items():
                start = time.process_time()
                ask()
                if number:
                    times[size][name].append(1e3 * (time.process_time() - start))
    return {
        size: {name: statistics.median(each) for name, each in of.items()}
        for size, of in times.items()
    }


def show(found: dict[int, dict[str, float]], ratios: dict[str, float]) -> None:
    """Print the milliseconds of each request and the ratios."""
    lines = [f"{'ms of CPU':26}" + "".join(f"{size:>12,}" for size in found) + f"{'ratio':>9}"]
    for name, ratio in ratios.items():
        cells = "".join(f"{of[name]:>12.2f}" for of in found.values())
        lines.append(f"{name:26}{cells}{ratio:>9.2f}")
    sys.stderr.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
