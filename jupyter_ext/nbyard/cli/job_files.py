"""Files for a run that are not on disk as the run needs them: those of jobs, and lists of files.

They are put into a temporary folder. Creating a run stores their bytes, so they can be deleted
then.
"""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from nbyard.cli.output.console import chosen_server, print_note
from nbyard.domain.arguments.structs import Argument
from nbyard.domain.executables.structs import Inspect
from nbyard.domain.runs.structs import NewRun
from nbyard.errors import Invalid, NbyardError
from nbyard.importers.protocol import JobFile, JobReader, importer_of


@contextlib.contextmanager
def given_files(connection: Any, body: NewRun, job: str) -> Iterator[NewRun]:
    """Yield the request of a run with the values of a job file, and with lists of files.

    What `body` already sets has precedence over the job.

    Raises:
        UsageError: the job file cannot be read, or is not for this executable.
        Invalid: a value of the job is refused.
    """
    with tempfile.TemporaryDirectory(prefix="nbyard-job-") as folder:
        body = _with_lists(connection, body, Path(folder))
        if not job:
            yield body
            return
        if chosen_server():
            raise click.UsageError("--job works without --server: its files are on this machine.")
        file, arguments = _tool(connection, body)
        reader = importer_of(file)
        if not isinstance(reader, JobReader):
            raise click.UsageError("--job works with tools in CWL. Use -p or --parameters.")
        try:
            content = Path(job).read_bytes()
        except OSError as error:
            raise click.UsageError(f"--job {job}: {error.strerror}") from None
        values = reader.read_job(content, os.path.abspath(job), arguments)
        for note in values.notes:
            print_note(str(note))
        given = body.parameters.keys() | body.texts.keys()
        parameters = {name: value for name, value in values.values.items() if name not in given}
        files = {
            name: _path_of(file, f"job.{name}", Path(folder) / name)
            for name, file in values.files.items()
            if name not in given
        }
        yield msgspec.structs.replace(
            body, parameters=parameters | body.parameters, texts=files | body.texts
        )


def _tool(connection: Any, body: NewRun) -> tuple[str, Sequence[Argument]]:
    """Return the name of an executable's file, and its arguments."""
    if body.path:
        return body.path, connection.executables.inspect(body=Inspect(body.path)).arguments
    version = connection.executables.get(executable=body.executable).current
    return version.file, version.arguments


def _with_lists(connection: Any, body: NewRun, folder: Path) -> NewRun:
    """Return the request with folders for lists of paths, as in `-p 'reads=["a", "b"]'`."""
    lists: dict[str, list[str]] = {}
    for name, text in body.texts.items():
        # Other texts are values, or names of datasets.
        with contextlib.suppress(msgspec.DecodeError, ValueError, RecursionError):
            lists[name] = msgspec.json.decode(text, type=list[str])
    if not lists or chosen_server():
        return body
    try:
        _, arguments = _tool(connection, body)
    except NbyardError:
        # Creating the run names the problem.
        return body
    texts = {}
    for argument in arguments:
        name = argument.name
        if name in lists and argument.role == "input" and argument.type == "list":
            files = [JobFile(os.path.basename(path), path) for path in lists[name]]
            names = [file.name for file in files]
            if len(set(names)) < len(names):
                twice = next(each for each in names if names.count(each) > 1)
                raise Invalid.field(f"parameters.{name}", f"two files have the name {twice}")
            if names != sorted(names):
                print_note(
                    f"{name}: the files are passed in the order of their names, not as"
                    f" {', '.join(names)}."
                )
            # As for a single file, its companions beside it are taken, too.
            beside = {
                made: JobFile(made, os.path.join(os.path.dirname(file.path), made), optional=True)
                for file in files
                for companion in argument.companions
                if (made := companion.beside.name(file.name)) not in names
            }
            whole = JobFile(name, entries=(*files, *beside.values()))
            texts[name] = _path_of(whole, f"parameters.{name}", folder / name)
    return msgspec.structs.replace(body, texts=body.texts | texts)


def _path_of(file: JobFile, where: str, folder: Path) -> str:
    """Return the path of a file; put it into `folder` unless it is on disk with its name."""
    if file.path and os.path.basename(file.path.rstrip("/")) == file.name:
        _check_exists(file, where)
        # An absolute path is no name of a dataset.
        return os.path.abspath(file.path)
    folder.mkdir()
    _put(file, where, folder)
    return str(folder / file.name)


def _put(file: JobFile, where: str, folder: Path) -> None:
    target = folder / file.name
    if file.contents is not None:
        target.write_text(file.contents, "utf-8")
    elif file.entries is not None:
        target.mkdir()
        for entry in file.entries:
            _put(entry, where, target)
    elif os.path.exists(file.path) or not file.optional:
        _check_exists(file, where)
        if os.path.isdir(file.path):
            shutil.copytree(file.path, target, copy_function=_link)
        else:
            _link(file.path, target)


def _check_exists(file: JobFile, where: str) -> None:
    if not os.path.exists(file.path):
        raise Invalid.field(where, f"there is no file {file.path[:200]}")


def _link(source: str, target: str | Path) -> None:
    """Link a file, or copy it to another file system or if the system refuses the link."""
    try:
        os.link(os.path.realpath(source), target)
    except OSError:
        shutil.copy(source, target)
