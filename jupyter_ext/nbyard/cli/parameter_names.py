"""The names of the parameters of a file or executable, for completion in the shell."""

from collections.abc import Iterator
from pathlib import Path

from nbyard.cli.typed_values import split_target
from nbyard.discover import connect
from nbyard.domain.executables.structs import Inspect
from nbyard.domain.workflows.structs import read_document


def parameter_names(target: str, server: str, *, remote: bool) -> Iterator[str]:
    """Yield the names of the values and inputs that a file or executable takes.

    With `remote`, the server reads the file. Workflows are read on this machine only.

    Raises:
        NbyardError: The file or executable does not exist, or is refused.
        OSError: The workflow is not readable.
    """
    path, executable = split_target(target, remote)
    if path.endswith(".nbflow"):
        yield from () if remote else read_document(Path(path).read_bytes()).meta.parameters
        return
    executables = connect(server).executables
    if executable:
        arguments = executables.get(executable=executable).current.arguments
    else:
        arguments = executables.inspect(body=Inspect(path=path)).arguments
    yield from (argument.name for argument in arguments if argument.role != "output")
