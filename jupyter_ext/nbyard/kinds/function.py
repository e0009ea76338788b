"""Functions of Python files as executables."""

import hashlib
from typing import Any

from nbyard.domain.attempts.structs import FunctionWork
from nbyard.domain.commands.invocations import escape_attempt_paths
from nbyard.domain.environments.structs import EnvironmentRef
from nbyard.domain.inspection.functions import read_function, split_function_path
from nbyard.kinds.protocol import Reading, checked_values


class FunctionKind:
    """Executable kind `function`: call a function of a Python file."""

    name = "function"
    suffixes: tuple[str, ...] = ()
    keeps_arguments = True

    def read(self, name: str, content: bytes) -> Reading:
        """Read the function's parameters and its return value from its source.

        Raises:
            Invalid: the file is not Python, or the function does not exist.
        """
        function = read_function(content, name)
        return Reading(self.name, "python", "", function.arguments, function.hints)

    def work(
        self, file: str, reading: Reading, values: dict[str, Any], environment: EnvironmentRef
    ) -> FunctionWork:
        """Return the call of the function. Only given values are passed; others are defaults.

        Raises:
            Invalid: a value does not fit, is missing or is not declared.
        """
        # The runner passes the paths of outputs to the function.
        outputs = {argument.name for argument in reading.arguments if argument.role == "output"}
        own = {
            argument.name: argument
            for argument in reading.arguments
            if argument.name not in outputs
        }
        given = {name: value for name, value in values.items() if name not in outputs}
        checked = checked_values([*own.values()], given, self.name)
        parameters = {
            name: escape_attempt_paths(own[name], value) for name, value in checked.items()
        }
        files = [name for name in checked if own[name].role == "input"]
        place, function = split_function_path(file)
        # An empty interpreter means the runner's own.
        python = environment.interpreter if "/" in environment.interpreter else ""
        return FunctionWork(f"code/{place}", function, parameters, files, python)

    def code_digest(self, content: bytes) -> str:
        """Return the digest of the whole file, because the function may call its other code."""
        return "sha256:" + hashlib.sha256(content).hexdigest()
