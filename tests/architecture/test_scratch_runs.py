"""Every query over runs excludes scratch runs from history."""

import ast
from collections.abc import Iterator
from pathlib import Path

from .sources import PACKAGE, parsed

STORE = PACKAGE / "store"
CONDITIONS = {"HISTORY", "IS_SCRATCH"}

# The parts of queries that may see scratch runs, each with the reason.
BY_ID = "the caller names the run"
OF_RUN = "rows of runs that the caller chose"
WORK = "scratch runs work like others, and wait for the same slots"
BYTES = "the bytes of scratch runs stay as long as their rows"
FINDS_ONE = "of a schedule, trigger or backfill, which start no scratch runs"
MAY_SEE: dict[str, str] = {
    "admin.py:LINKED": "columns only",
    "admin.py:OverviewRows.queue": WORK,
    "admin.py:OverviewRows.usage": "scratch runs use resources like others",
    "quotas.py:IN_PROGRESS": WORK,
    "quotas.py:IS_LIVE": WORK,
    "quotas.py:QUEUE": WORK,
    "quotas.py:QuotaRows.check_run": WORK,
    "quotas.py:QuotaRows.is_shared": WORK,
    "quotas.py:QuotaRows.projects_of": WORK,
    "quotas.py:QuotaRows.rooms": BY_ID,
    "quotas.py:QuotaRows.runs": WORK,
    "quotas.py:QuotaRows.stored_bytes": BYTES,
    "announce.py:RUN_COLUMNS": "columns only",
    "attempts.py:AttemptRows.origin_attempts": "limited to history by _origin_conditions",
    "attempts.py:AttemptRows.newest_origin_attempts": "limited to history by _origin_conditions",
    "attempts.py:AttemptRows.without_result": OF_RUN,
    "attempts.py:AttemptRows.newest_active": OF_RUN,
    "attempts.py:AttemptRows.run_of": BY_ID,
    "attempts.py:_records": WORK,
    "artifacts_and_cache.py:ArtifactRows.get": BY_ID,
    "artifacts_and_cache.py:ArtifactRows.written_outside": "where unsafe bytes were made counts",
    "artifacts_and_cache.py:HITS": "no scratch run has a row in the cache",
    "firings.py:BackfillRows.counts": FINDS_ONE,
    "firings.py:BackfillRows.live_runs": FINDS_ONE,
    "firings.py:BackfillRows.past_runs": FINDS_ONE,
    "clean_up.py:CleanUpRows.kept_ids": "scratch runs cannot be kept",
    "datasets.py:LIVE_PLANS": WORK,
    "datasets.py:DatasetRows.live_runs": WORK,
    "firings.py:FiringRows.chain_of": BY_ID,
    "firings.py:FiringRows.live_runs": FINDS_ONE,
    "firings.py:FiringRows.run_windows": FINDS_ONE,
    "attempts.py:WorkerRows.live": WORK,
    "images.py:RUNS": WORK,
    "installation_counts.py:_usage_sums": "scratch runs use resources like others",
    "attempts.py:MonitorRows.is_running": BY_ID,
    "project_filter.py:projects_of_runs": BY_ID,
    "projects.py:ProjectRows.stored_bytes": "only narrows the runs of a project",
    "project_filter.py:run_ids_of": "only narrows other queries",
    "project_filter.py:runs_of": "only narrows other queries",
    "query_parts.py:with_run_state": FINDS_ONE,
    "rows.py:RUN": "columns only",
    "rows.py:read_artifacts": OF_RUN,
    "rows.py:read_runs": BY_ID,
    "rows.py:read_tasks": OF_RUN,
    "past_results.py:LAST_OF_WORKFLOW": "narrows SUCCESSES, which is limited to history",
    "past_results.py:LAST_PARTS": "narrows SUCCESSES, which is limited to history",
    "past_results.py:JOINED": "narrowed by ResultRows.page",
    "past_results.py:_ids_of_sources": "narrows _newest_ids, which is limited to history",
    "past_results.py:ResultRows.page": "limited to history by newest_runs",
    "past_results.py:_of_owner": "narrows _newest_ids, which is limited to history",
    "queries.py:BY_ID": BY_ID,
    "queries.py:_titles": "narrows RunRows.page, which is limited to history",
    "queries.py:has_run_text": "narrows RunRows.page, which is limited to history",
    "queries.py:LARGEST": "numbers of scratch runs are negative",
    "queries.py:SMALLEST": "numbers scratch runs",
    "queries.py:ORDERS": "columns only",
    "queries.py:OWN": "columns only",
    "queries.py:TEXTS": "columns only",
    "queries.py:RunRows.cursor": BY_ID,
    "queries.py:sorted_page": "narrows RunRows.page, which is limited to history",
    "queries.py:_number": "narrows RunRows.page, which is limited to history",
    "queries.py:OWNED": BY_ID,
    "queries.py:SEEN_ID": BY_ID,
    "queries.py:OWN_NAME": "scratch runs have no name",
    "queries.py:OWN_NUMBER": "a negative number is no number for users",
    "queries.py:RunRows.delete": BY_ID,
    "queries.py:RunRows.edges": BY_ID,
    "queries.py:RunRows.live": WORK,
    "queries.py:RunRows.named": "scratch runs have no name",
    "queries.py:RunRows.names": "scratch runs have no name",
    "queries.py:RunRows.change": BY_ID,
    "queries.py:RunRows.request_cancel": BY_ID,
    "queries.py:RunRows.template_id": BY_ID,
    "queries.py:SUBMITTED": "scratch runs have no submission key",
    "queries.py:_filtered": "only narrows the query of a page",
    "tasks.py:LIVE": WORK,
    "tasks.py:RECORDS": OF_RUN,
    "tasks.py:TaskRows.queue_positions": WORK,
    "tasks.py:TURN": WORK,
    "templates.py:RUN_OF": BYTES,
    "templates.py:TemplateRows.digests_of_runs": BYTES,
    "workflows.py:WorkflowRows._set_paths": "their paths follow the file",
}


def parts(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, ast.stmt]]:
    """Yield functions, methods and assignments, each with its name in the module."""
    for statement in body:
        match statement:
            case ast.ClassDef():
                yield from parts(statement.body, f"{statement.name}.")
            case ast.FunctionDef():
                yield prefix + statement.name, statement
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                yield prefix + name, statement


def reads_runs(part: ast.stmt, aliases: set[str]) -> bool:
    """Return whether a part uses a column of runs, or the table itself in a query."""
    for node in ast.walk(part):
        match node:
            case ast.Attribute(value=ast.Name(id="runs"), attr="c"):
                return True
            case ast.Attribute(value=ast.Name(id=name)) if name in aliases:
                return True
            case ast.Call(args=[ast.Name(id="runs"), *_]):
                return True
    return False


def aliases_of(module: ast.Module) -> set[str]:
    """Return the names of `runs.c`."""
    found = set()
    for statement in module.body:
        match statement:
            case ast.Assign(
                targets=[ast.Name(id=name)],
                value=ast.Attribute(value=ast.Name(id="runs"), attr="c"),
            ):
                found.add(name)
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
                for target, value in zip(names, values, strict=True):
                    if ast.unparse(value) == "runs.c":
                        found.add(ast.unparse(target))
    return found


def queries(module: Path) -> Iterator[tuple[str, bool]]:
    """Yield the parts that read runs, and whether each has the condition."""
    tree = parsed(module)
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    if not any(one.name == "runs" for node in imports for one in node.names):
        return
    aliases = aliases_of(tree)
    for name, part in parts(tree.body):
        if reads_runs(part, aliases) and ast.unparse(part).split("=")[-1].strip() != "runs.c":
            names = {node.id for node in ast.walk(part) if isinstance(node, ast.Name)}
            yield f"{module.name}:{name}", bool(names & CONDITIONS)


def test_each_query_over_runs_excludes_scratch_runs_or_gives_a_reason() -> None:
    found = {
        name: has_condition
        for module in STORE.rglob("*.py")
        if not {"schema", "migrations"} & {*module.parts}
        for name, has_condition in queries(module)
    }
    without = {name for name, has_condition in found.items() if not has_condition}
    assert sorted(without - {*MAY_SEE}) == [], "use HISTORY, or list it with the reason"
    assert sorted({*MAY_SEE} - without) == [], "these are gone, or have the condition"


def test_only_the_store_uses_the_table_of_runs() -> None:
    for module in PACKAGE.rglob("*.py"):
        if STORE not in module.parents:
            assert "schema.tables import" not in module.read_text(), module
