"""Read the judged metric from the run of a probe."""

from contextlib import suppress

from nbyard.attempts import recorded_metrics
from nbyard.attempts.folders import attempt_folder_of
from nbyard.dispatch.context import DispatchContext
from nbyard.domain.bisections.structs import BisectionJudge
from nbyard.domain.datasets.previews import ShownMetric
from nbyard.domain.runs.structs import Run
from nbyard.errors import NbyardError
from nbyard.store import Connection
from nbyard.tabular import TableFile

# A bisection may judge any metric of the node. A card shows only a few.
MOST_METRICS = 1_000
JSON = "json"


def value_of(context: DispatchContext, run: Run, judge: BisectionJudge) -> float | str | None:
    """Return the value of the judge's metric in a run, None without it.

    It is the last value that the judge's node recorded, else the number in a JSON output.
    """
    if not judge.metric:
        return None
    with context.store.read() as c:
        metrics = _recorded_metrics(context, c, run, judge.node)
        outputs = [] if metrics else context.store.artifacts.of_run(c, run.id)
    for output in outputs:
        if output.node == judge.node and output.format == JSON:
            file = TableFile(context.blobs.path(output.digest), output.filename, output.digest)
            # A file without readable numbers has none of this name.
            with suppress(NbyardError, OSError):
                metrics += context.tables.preview(file).metrics
    return next((metric.value for metric in metrics if metric.name == judge.metric), None)


def _recorded_metrics(
    context: DispatchContext, c: Connection, run: Run, node: str
) -> list[ShownMetric]:
    """Return the metrics that the node's result was recorded with.

    For a cached result, these are the metrics of the attempt that computed it.
    """
    store = context.store
    task = store.tasks.of_node(c, run.id, node)
    if task is None:
        return []
    maker = store.tasks.origins_of_cached(c, [task.id]).get(task.id, task.id)
    attempts = store.attempts.newest_of(c, [maker])
    attempt = attempts.get(maker) or store.attempts.newest_origin_attempts(
        c, run.owner, [maker]
    ).get(maker)
    if attempt is None:
        return []
    folder = attempt_folder_of(context.folder, attempt.id, attempt.worker)
    return recorded_metrics.last_values(folder, MOST_METRICS)
