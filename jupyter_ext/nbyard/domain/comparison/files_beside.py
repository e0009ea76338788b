"""Data files beside the code that nodes read: inputs without an argument."""

from collections.abc import Sequence

from nbyard.domain.caching.files_read import files_read
from nbyard.domain.comparison.facts import InputFile, TaskFacts


def files_beside(tasks: Sequence[TaskFacts | None]) -> dict[str, list[InputFile | None]]:
    """Return the files that a node read in one of the runs, by path, in the order of the runs.

    A file that changed together with an input is that input.
    """
    read = (files_read(task.parts, task.observed) for task in tasks if task)
    paths = sorted({path for files in read for path in files})
    files = {path: [task.file_beside(path) if task else None for task in tasks] for path in paths}
    names = {name for task in tasks if task for name in task.inputs}
    given = {
        tuple(task.inputs[name].digest if task and name in task.inputs else "" for task in tasks)
        for name in names
    }
    return {
        path: own
        for path, own in files.items()
        if tuple(file.digest if file else "" for file in own) not in given
    }
