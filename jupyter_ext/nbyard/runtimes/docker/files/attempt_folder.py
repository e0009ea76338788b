"""The attempt folder on our side of a container: made ready for its user, taken back.

What a container could write into is treated as hostile: nothing is opened through a link.
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
from nbyard.runner import memory
from nbyard.runner.folder import CODE, BadTask, Folder
from nbyard.runtimes.docker.files.log_copy import STDERR, STDOUT
from nbyard.runtimes.docker.specs import FOLDER, RUNNER

WORK_FOLDERS = ("code", "inputs", "outputs")


def write_image(folder: Path, image: Image) -> None:
    """image.json, before anything of the container can be there."""
    content = msgspec.json.encode(image)
    (folder / IMAGE).unlink(missing_ok=True)
    handle = os.open(folder / IMAGE, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
    with os.fdopen(handle, "wb") as file:
        file.write(content)


def requirements_text(folder: Path, relative: str) -> str:
    """The requirements file of a node ("" for none)."""
    if not relative:
        return ""
    try:
        path = Path(Folder(str(folder)).inside(relative)).resolve(strict=True)
    except (BadTask, OSError) as error:
        raise NbyardError(f"The requirements file {relative!r} is not in the bundle.") from error
    if not path.is_relative_to(folder.resolve()):
        raise NbyardError(f"The requirements file {relative!r} is outside the bundle.")
    return path.read_text("utf-8")


def prepare(
    folder: Path, task: TaskFile, user: tuple[int, int], *, has_runner: bool = False
) -> None:
    """All folders there, links in inputs replaced by what they name, readable for the user. The
    runner comes along unless its container `has_runner`; with a command what it may import does.
    """
    for name in WORK_FOLDERS:
        (folder / name).mkdir(exist_ok=True)
    for output in task.outputs.values():
        Path(Folder(str(folder)).inside(output.path)).parent.mkdir(parents=True, exist_ok=True)
    _resolve_links(folder / "inputs")
    is_command = isinstance(task.work, CommandWork) and not has_runner
    if isinstance(task.work, CommandWork):
        Folder(str(folder), FOLDER).write_places(task.directory or CODE, task.work.files)
    _hand_over_secrets(folder, user, is_command)
    if is_command:
        (folder / METRICS).touch()  # the container gets this file, not the folder that it is in
        os.chmod(folder / TASK, 0o644)
    if not has_runner:
        copy_runner(folder / RUNNER, ("beside", "handoff") if is_command else ("",))
    if user[0] in (os.getuid(), 0):
        return
    _make_readable(folder / "inputs")
    for path in [folder / "code", folder / "outputs"] if is_command else [folder]:
        _hand_over(path, user)
    if is_command:
        _make_readable(folder / RUNNER)
        os.chown(folder / METRICS, *user)


def _hand_over_secrets(folder: Path, user: tuple[int, int], is_command: bool) -> None:
    """They become the container's user's. Where the whole folder is bound they are mounted in the
    place of the link to them."""
    link = folder / memory.SECRETS
    if not link.is_symlink():
        return
    if os.getuid() == 0:
        for path in (link.resolve(), *link.iterdir()):
            os.chown(path, *user)
    if not is_command:
        link.unlink()
        link.mkdir()


def copy_runner(target: Path, parts: Sequence[str] = ("",)) -> None:
    """The runner travels with the attempt: an upgrade of ours changes nothing that runs."""
    source = Path(str(nbyard.runner.__file__)).parent
    for part in parts:
        shutil.copytree(source / part, target / part, dirs_exist_ok=True)


def _resolve_links(folder: Path) -> None:
    """A link would lead nowhere in a container."""
    for path in list(folder.rglob("*")):
        if path.is_symlink():
            target = path.resolve(strict=True)
            path.unlink()
            if target.is_dir():
                shutil.copytree(target, path)
            else:
                shutil.copy2(target, path)


def _entries(folder: Path) -> Iterator[tuple[str, int, os.stat_result]]:
    """Name, handle of the folder and stat of all that is below, never through a link."""
    for _, names, files, handle in os.fwalk(folder, follow_symlinks=False):
        for name in [*names, *files]:
            with suppress(FileNotFoundError):  # whoever does the same renames meanwhile
                yield name, handle, os.stat(name, dir_fd=handle, follow_symlinks=False)


def _make_readable(folder: Path) -> None:
    os.chmod(folder, 0o755)
    for name, handle, found in _entries(folder):
        needed = 0o755 if stat.S_ISDIR(found.st_mode) else 0o444
        if found.st_mode & needed != needed and not stat.S_ISLNK(found.st_mode):
            _own_copy(name, handle, found)
            os.chmod(name, found.st_mode & 0o777 | needed, dir_fd=handle)


def _own_copy(name: str, handle: int, found: os.stat_result) -> None:
    """A hard link shares owner and mode with another file: part them before they are changed."""
    if stat.S_ISDIR(found.st_mode) or found.st_nlink == 1:
        return
    copy = f".{name[:60]}.copy"
    with (
        os.fdopen(os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=handle), "rb") as source,
        os.fdopen(
            os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, found.st_mode, dir_fd=handle), "wb"
        ) as target,
    ):
        shutil.copyfileobj(source, target)
    os.replace(copy, name, src_dir_fd=handle, dst_dir_fd=handle)


def _hand_over(folder: Path, user: tuple[int, int]) -> None:
    inputs = os.stat(folder / "inputs").st_ino if (folder / "inputs").exists() else 0
    os.chown(folder, *user)
    for path, names, files, handle in os.fwalk(folder, follow_symlinks=False):
        if os.fstat(handle).st_ino == inputs:
            names.clear()
            continue
        for name in [*names, *files]:
            found = os.stat(name, dir_fd=handle, follow_symlinks=False)
            if found.st_ino == inputs and Path(path) == folder:
                continue
            _own_copy(name, handle, found)
            os.chown(name, *user, dir_fd=handle, follow_symlinks=False)


def take_back(folder: Path, user: tuple[int, int]) -> None:
    """What the container's user owns becomes ours."""
    if os.getuid() != 0 or user[0] == 0:
        return
    own = (os.getuid(), os.getgid())
    if os.stat(folder, follow_symlinks=False).st_uid == user[0]:
        os.chown(folder, *own, follow_symlinks=False)
    for name, handle, found in _entries(folder):
        if found.st_uid == user[0]:
            with suppress(FileNotFoundError):
                os.chown(name, *own, dir_fd=handle, follow_symlinks=False)


def place_printed(folder: Path, command: CommandWork) -> None:
    """Move what was printed to where the task wants it; the container has ended by now."""
    for name, relative in ((STDOUT, command.stdout), (STDERR, command.stderr)):
        if relative:
            (folder / name).touch()
            _place(folder, folder / name, relative)


def _place(folder: Path, collected: Path, relative: str) -> None:
    target = Path(Folder(str(folder)).inside(relative))
    if not target.parent.resolve().is_relative_to(folder.resolve()):
        raise NbyardError(f"{relative} leads out of the attempt's folder")
    os.replace(collected, target)
