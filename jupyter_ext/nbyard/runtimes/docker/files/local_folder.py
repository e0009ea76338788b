"""Prepares the local attempt folder for a container's user, and takes its files back afterwards.

Files that a container could write are not trusted: no link is followed.
"""

import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

import nbyard.runner
from nbyard.domain.attempts.structs import IMAGE, METRICS, TASK, CommandWork, Image, TaskFile
from nbyard.errors import NbyardError
from nbyard.reasons.structs import because
from nbyard.runner import secret_files
from nbyard.runner.attempt_folder import CODE, AttemptFolder, BadTask
from nbyard.runner.process.path_states import MOST_LEVELS
from nbyard.runtimes.docker.attempt_container_spec import FOLDER, RUNNER
from nbyard.runtimes.docker.files.log_copy import STDERR, STDOUT

WORK_FOLDERS = ("code", "inputs", "outputs")


def write_image(folder: Path, image: Image) -> None:
    """Write image.json with the container's image, before the container exists."""
    content = msgspec.json.encode(image)
    (folder / IMAGE).unlink(missing_ok=True)
    handle = os.open(folder / IMAGE, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
    with os.fdopen(handle, "wb") as file:
        file.write(content)


def requirements_text(folder: Path, relative: str) -> str:
    """Return the text of a node's requirements file, "" without one.

    Raises:
        NbyardError: The file is outside the code, or cannot be read.
    """
    if not relative:
        return ""
    try:
        path = Path(AttemptFolder(str(folder)).inside(relative)).resolve(strict=True)
    except (BadTask, OSError) as error:
        why = because("requirements-file-missing", file=repr(relative))
        raise NbyardError(why) from error
    if not path.is_relative_to(folder.resolve()):
        raise NbyardError(because("requirements-file-outside", file=repr(relative)))
    return path.read_text("utf-8")


def prepare_folder(
    folder: Path, task: TaskFile, user: tuple[int, int], *, has_runner: bool = False
) -> None:
    """Create the folders of an attempt, and make its files accessible for the container's user.

    Links among the inputs are replaced by their targets. The runner is copied into the folder,
    unless the container `has_runner`. For a command, only its importable parts are copied.
    """
    for name in WORK_FOLDERS:
        (folder / name).mkdir(exist_ok=True)
    for output in task.outputs.values():
        Path(AttemptFolder(str(folder)).inside(output.path)).parent.mkdir(
            parents=True, exist_ok=True
        )
    _resolve_links(folder / "inputs")
    is_command = isinstance(task.work, CommandWork) and not has_runner
    if isinstance(task.work, CommandWork):
        AttemptFolder(str(folder), FOLDER).expand_paths_in_files(
            task.directory or CODE, task.work.files
        )
    _hand_over_secrets(folder, user, is_command)
    if is_command:
        (folder / METRICS).touch()  # the container gets this file without its folder
        os.chmod(folder / TASK, 0o644)
    if not has_runner:
        copy_runner(folder / RUNNER, ("pythonpath_shim", "handoff") if is_command else ("",))
    # The container's user owns the files already: 0 is this user in a rootless engine.
    if user[0] in (os.getuid(), 0):
        return
    _make_readable(folder / "inputs")
    for path in [folder / "code", folder / "outputs"] if is_command else [folder]:
        _give_to_user(path, user)
    if is_command:
        _make_readable(folder / RUNNER)
        os.chown(folder / METRICS, *user)


def _hand_over_secrets(folder: Path, user: tuple[int, int], is_command: bool) -> None:
    """Change the owner of the secrets to the container's user.

    If the whole attempt folder is mounted, the link to the secrets becomes a mount point for them.
    """
    link = folder / secret_files.SECRETS
    if not link.is_symlink():
        return
    if os.getuid() == 0:
        for path in (link.resolve(), *link.iterdir()):
            os.chown(path, *user)
    if not is_command:
        link.unlink()
        link.mkdir()


def copy_runner(target: Path, parts: Sequence[str] = ("",)) -> None:
    """Copy the runner, so that an upgrade of nbyard does not affect running attempts."""
    source = Path(str(nbyard.runner.__file__)).parent
    for part in parts:
        shutil.copytree(source / part, target / part, dirs_exist_ok=True)


def _resolve_links(folder: Path) -> None:
    """Replace links by copies of their targets, which do not exist in a container."""
    for path in list(folder.rglob("*")):
        if path.is_symlink():
            target = path.resolve(strict=True)
            path.unlink()
            if target.is_dir():
                shutil.copytree(target, path)
            else:
                shutil.copy2(target, path)


def _entries(folder: Path) -> Iterator[tuple[str, int, os.stat_result]]:
    """Yield name, folder descriptor and stat of all entries below, without following links."""
    # Relative to an open folder, no link that the work creates meanwhile redirects a path.
    start = os.fspath(folder).count("/")
    for parent, names, files, handle in os.fwalk(folder, follow_symlinks=False):
        for name in [*names, *files]:
            with suppress(FileNotFoundError):  # a concurrent `_own_copy` may rename files
                yield name, handle, os.stat(name, dir_fd=handle, follow_symlinks=False)
        if parent.count("/") - start >= MOST_LEVELS:  # each level is a call and an open folder
            names.clear()


def _make_readable(folder: Path) -> None:
    os.chmod(folder, 0o755)
    for name, handle, entry_stat in _entries(folder):
        needed = 0o755 if stat.S_ISDIR(entry_stat.st_mode) else 0o444
        if entry_stat.st_mode & needed != needed and not stat.S_ISLNK(entry_stat.st_mode):
            _own_copy(name, handle, entry_stat)
            os.chmod(name, entry_stat.st_mode & 0o777 | needed, dir_fd=handle)


def _own_copy(name: str, handle: int, entry_stat: os.stat_result) -> None:
    """Replace a hard link by a copy, so that a new owner or mode does not affect the other file."""
    if stat.S_ISDIR(entry_stat.st_mode) or entry_stat.st_nlink == 1:
        return
    copy = f".{name[:60]}.copy"
    with (
        os.fdopen(os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=handle), "rb") as source,
        os.fdopen(
            os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, entry_stat.st_mode, dir_fd=handle),
            "wb",
        ) as target,
    ):
        shutil.copyfileobj(source, target)
    os.replace(copy, name, src_dir_fd=handle, dst_dir_fd=handle)


def _give_to_user(folder: Path, user: tuple[int, int]) -> None:
    inputs = os.stat(folder / "inputs").st_ino if (folder / "inputs").exists() else 0
    os.chown(folder, *user)
    for path, names, files, handle in os.fwalk(folder, follow_symlinks=False):
        if os.fstat(handle).st_ino == inputs:
            # The container mounts inputs read-only, so they keep their owner.
            names.clear()
            continue
        for name in [*names, *files]:
            entry_stat = os.stat(name, dir_fd=handle, follow_symlinks=False)
            if entry_stat.st_ino == inputs and Path(path) == folder:
                continue
            _own_copy(name, handle, entry_stat)
            os.chown(name, *user, dir_fd=handle, follow_symlinks=False)


def restore_owner(folder: Path, user: tuple[int, int]) -> None:
    """Change the owner of the container user's files in the folder to this process's user."""
    if os.getuid() != 0 or user[0] == 0:
        return
    own = (os.getuid(), os.getgid())
    if os.stat(folder, follow_symlinks=False).st_uid == user[0]:
        os.chown(folder, *own, follow_symlinks=False)
    for name, handle, entry_stat in _entries(folder):
        if entry_stat.st_uid == user[0]:
            with suppress(FileNotFoundError):
                os.chown(name, *own, dir_fd=handle, follow_symlinks=False)


def place_captured_output(folder: Path, command: CommandWork) -> None:
    """Move captured stdout and stderr to the paths that the task declares.

    The container must have ended.

    Raises:
        NbyardError: A path leads out of the attempt folder.
    """
    for name, relative in ((STDOUT, command.stdout), (STDERR, command.stderr)):
        if relative:
            (folder / name).touch()
            target = Path(AttemptFolder(str(folder)).inside(relative))
            # The work may have replaced a folder on the path by a link.
            if not target.parent.resolve().is_relative_to(folder.resolve()):
                raise NbyardError(because("path-leads-out", path=relative))
            os.replace(folder / name, target)
