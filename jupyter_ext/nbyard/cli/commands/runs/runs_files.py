"""The commands that save what a run made: its outputs, and the files beside them."""

import hashlib
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click

from nbyard.cli.output.console import counted, format_size, print_note, show_json, show_table
from nbyard.cli.output.downloads import save_file, target_option
from nbyard.cli.output.views.views_by_noun import left_out_lines
from nbyard.cli.shared_options import confirm, connect, json_option, server_option
from nbyard.domain.attempts.other_files import OtherFile, OtherFileList
from nbyard.domain.attempts.structs import EXECUTED
from nbyard.domain.naming.names import check_folder_path
from nbyard.domain.runs.structs import Artifact, Task
from nbyard.errors import NotFound
from nbyard.host.project_files import replace_atomically

NAMED = 10  # files that an error message lists


class Saved(NamedTuple):
    """A file of a node and its target, below the folder `base`."""

    node: str
    file: OtherFile
    place: Path
    base: Path

    @property
    def is_there(self) -> bool:
        """Return whether the target already has exactly these bytes."""
        if not self.place.is_file() or self.place.stat().st_size != self.file.size_bytes:
            return False
        with self.place.open("rb") as handle:
            digest = hashlib.file_digest(handle, "sha256").hexdigest()
        return self.file.digest == f"sha256:{digest}"

    def save(self, connection: Any, run: str) -> None:
        """Download the file of a run to its target.

        Raises:
            click.ClickException: the target cannot be written.
        """
        source, _ = connection.other_file(run, self.node, self.file.path)
        try:
            self.place.parent.mkdir(parents=True, exist_ok=True)
            with source, replace_atomically(self.place) as saved:
                shutil.copyfileobj(source, saved)
        except OSError as error:
            message = f"{self.place} cannot be written: {error.strerror}"
            raise click.ClickException(message) from None


@click.command("save")
@click.argument("run")
@click.argument("output", metavar="[NODE.]OUTPUT")
@target_option("the output's file name")
@server_option
def save(run: str, output: str, target: str, server: str) -> None:
    """Save an output of a run to a file.

    One file is saved as it is, a folder as a zip.

    \b
    Examples:
      nbyard runs save 7 train.model
      nbyard runs save 7 train.model -o m.pkl
    """
    connection = connect(server)
    save_outputs(connection, connection.runs.get(run=run).tasks, {output: target})


def save_outputs(connection: Any, tasks: Sequence[Task], targets: Mapping[str, str]) -> None:
    """Save outputs of tasks, by their names `NODE.OUTPUT`, each to its target.

    The name of the node can be left out where only one node has such an output.

    Raises:
        NotFound: no task has the output, or several have it.
    """
    outputs = {
        f"{task.node}.{artifact.name}": artifact
        for task in tasks
        for artifact in task.artifacts
        if artifact.name != EXECUTED
    }
    for name, target in targets.items():
        source, own = connection.download("artifacts", _output_named(outputs, name).id)
        save_file(source, own, target)


def _output_named(outputs: Mapping[str, Artifact], name: str) -> Artifact:
    alike = [key for key in outputs if name in (key, key.rpartition(".")[2])]
    if len(alike) == 1:
        return outputs[alike[0]]
    known = ", ".join(sorted(alike or outputs)) or "none"
    problem = "Several nodes have an output" if alike else "The run has no output"
    raise NotFound(f"{problem} {name[:80]!r}.", hint=f"Its outputs: {known}")


@click.command("files")
@click.argument("run")
@click.option("--node", default="", help="Only files of this node.")
@click.option(
    "--save", "folder", default=None, metavar="DIR", help="Save the files in this folder."
)
@click.option(
    *("--overwrite", "--yes", "overwrite"), is_flag=True, help="Replace files without asking."
)
@server_option
@json_option
def files(
    run: str, node: str, folder: str | None, overwrite: bool, server: str, as_json: bool
) -> None:
    """List or save files that a run wrote beside its outputs.

    Paths are relative to the project. Existing files with other bytes are replaced only with
    --overwrite, or if you confirm.

    \b
    Examples:
      nbyard runs files 12
      nbyard runs files 12 --node train --save results
    """
    connection = connect(server)
    detail = connection.runs.get(run=run)
    tasks = [task for task in detail.tasks if node in ("", task.node)]
    if not tasks:
        raise click.UsageError(f"The run has no node {node!r}.")
    if folder is not None:
        save_files(connection, detail.run.id, tasks, folder, overwrite=overwrite)
        return
    files_by_node = {
        task.node: connection.runs.files(run=detail.run.id, node=task.node) for task in tasks
    }
    if as_json:
        show_json(files_by_node)
        return
    rows = [
        (name, file.path, format_size(file.size_bytes))
        for name, of in files_by_node.items()
        for file in of.files
    ]
    if rows:
        show_table(rows, ("node", "file", "size"))
    else:
        print_note("The run wrote no other files." if not node else f"{node} wrote no other files.")
    for name, of in files_by_node.items():
        for line in left_out_lines(of.left_out, of.more):
            print_note(f"{name}: {line}")


def save_files(
    connection: Any, run: str, tasks: Sequence[Task], folder: str, *, overwrite: bool = False
) -> None:
    """Save the undeclared files of tasks below a folder.

    An empty `folder` means the folder of each task's own code, as if the code had run there.

    Raises:
        click.ClickException: existing files would be replaced, or a folder is unknown.
    """
    wanted: list[Saved] = []
    for task in tasks:
        if task.other_files is None or not task.other_files.count:
            continue
        other_file_list: OtherFileList = connection.runs.files(run=run, node=task.node)
        base = Path(folder or other_file_list.folder)
        if not folder and not (base.is_absolute() and base.is_dir()):
            message = (
                f"The folder of the code of {task.node} is not known here: name one to save in."
            )
            raise click.ClickException(message)
        for file in other_file_list.files:
            # The path comes from the task, so check that it stays below the folder.
            place = base / check_folder_path(file.path)
            wanted.append(Saved(task.node, file, place, base))
    _refuse_two(wanted)
    # Files with the same bytes are neither asked about nor written again.
    new = [saved for saved in wanted if not saved.is_there]
    taken = [str(saved.place) for saved in new if os.path.lexists(saved.place)]
    if taken and not overwrite:
        names = ", ".join(taken[:NAMED])
        more = f" and {len(taken) - NAMED} more" if len(taken) > NAMED else ""
        confirm(f"Replace {names}{more}?", "--overwrite")
    for saved in new:
        saved.save(connection, run)
    places = {saved.place for saved in wanted}
    where = " and ".join(sorted({str(saved.base.absolute()) for saved in wanted}))
    what = f"{counted(len(places), 'file')} saved in {where}"
    print_note(what if places else "There is nothing to save.")


def _refuse_two(wanted: Iterable[Saved]) -> None:
    """Check that two nodes do not save different files at the same place."""
    known: dict[Path, Saved] = {}
    for saved in wanted:
        other = known.setdefault(saved.place, saved)
        if other.file.digest != saved.file.digest:
            message = (
                f"{other.node} and {saved.node} both wrote {saved.file.path}, with other bytes."
            )
            raise click.ClickException(f"{message} Save them node by node.")


COMMANDS: tuple[click.Command, ...] = (files, save)
