"""Creates a copy of the penguins example."""

from __future__ import annotations

import errno
import json
import uuid

from nbyard.blobs.file_operations import translated_missing_space
from nbyard.domain.environments.requirements import normal_name
from nbyard.domain.parsing.canonical_json import canonical
from nbyard.domain.workflows.examples import NAME, PACKAGES, Example, ExampleNeeds, NewExample
from nbyard.errors import Forbidden, NbyardError, NotFound
from nbyard.host.example_files import copied_example, source
from nbyard.host.kernels import installed_kernels as kernels
from nbyard.host.kernels.kernelspec_reader import NATIVE
from nbyard.host.project_files import DOCUMENT, ProjectFiles

READ_ONLY = (errno.EACCES, errno.EPERM, errno.EROFS)


def example_needs() -> ExampleNeeds:
    """Return the packages that the example needs, and which of them are missing.

    Without a readable kernel, none counts as missing.
    """
    try:
        lock = kernels.find_kernel(NATIVE).lock
    except NbyardError:
        lock = None
    if lock is None:
        return ExampleNeeds([*PACKAGES], [])
    installed = {normal_name(package.name) for package in lock.packages}
    return ExampleNeeds(
        [*PACKAGES], [name for name in PACKAGES if normal_name(name) not in installed]
    )


def new_example(files: ProjectFiles, asked: NewExample) -> Example:
    """Copy the example into a new folder, with new IDs and the chosen environment.

    Raises:
        NotFound: The folder or the files of the example do not exist.
        Forbidden: The folder may not be written to.
        Unavailable: The disk is full.
    """
    parent = files.locate(asked.folder or ".", "folder")
    if not parent.is_dir():
        raise NotFound(f"There is no folder {files.shown(parent)[:200]}.")
    example = source()
    if example is None:
        raise NotFound("This installation does not contain the example.")
    try:
        with translated_missing_space(), copied_example(example, parent, NAME) as folder:
            file = folder / f"{NAME}{DOCUMENT}"
            document = json.loads(file.read_bytes())
            # With the same ID, each further example would count as a copy of the first.
            document["meta"]["id"] = str(uuid.uuid4())
            for node in document["nodes"].values():
                if asked.environment and node["type"] == "executable":
                    node["environment"] = asked.environment
                    del node["requirements"]  # a node has one source of packages
            file.write_text(canonical(document), "utf-8")
    except OSError as error:
        if error.errno in READ_ONLY:
            raise Forbidden(f"The folder {files.shown(parent)[:200]} is not writable.") from None
        raise
    return Example(files.shown(file))
