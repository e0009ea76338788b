"""Functions of Python files as executables."""

import hashlib
from typing import Any

from nbyard.domain.arguments.structs import check_value, is_name
from nbyard.domain.attempts.structs import FunctionWork
from nbyard.domain.commands.invocations import literal
from nbyard.domain.environments.structs import EnvironmentRef
from nbyard.domain.inspection.functions import read_function, spot
from nbyard.errors import Invalid
from nbyard.kinds.protocol import Reading


class FunctionKind:
    """The kind of functions."""

    name = "function"
    suffixes: tuple[str, ...] = ()
    keeps_arguments = True

    def read(self, name: str, content: bytes) -> Reading:
        """Read the function's parameters and its return value from its source.

        Raises:
            Invalid: the file is not Python, or has no such function.
        """
        found = read_function(content, name)
        return Reading(self.name, "python", "", found.arguments, found.hints)

    def work(
        self, file: str, reading: Reading, values: dict[str, Any], environment: EnvironmentRef
    ) -> FunctionWork:
        """Return the call with the given values only: the function keeps its defaults.

        Raises:
            Invalid: a value does not fit, is missing or is not declared.
        """
        declared = {argument.name: argument for argument in reading.arguments}
        parameters, files = {}, []
        for name, value in values.items():
            if name not in declared or not is_name(name):
                raise Invalid.field(f"arguments.{name[:40]}", "the function has no such argument")
            argument = declared[name]
            if argument.role == "output":
                continue
            checked = check_value(argument, value, f"arguments.{name}")
            parameters[name] = literal(argument, checked)
            if argument.role == "input":
                files.append(name)
        for argument in reading.arguments:
            if argument.required and argument.role != "output" and argument.name not in values:
                raise Invalid.field(f"arguments.{argument.name}", "a value is needed")
        place, function = spot(file)
        # An empty interpreter means the runner's own.
        own = environment.interpreter if "/" in environment.interpreter else ""
        return FunctionWork(f"code/{place}", function, parameters, files, own)

    def code_digest(self, content: bytes) -> str:
        """Return the digest of the whole file, because the function may call its other code."""
        return "sha256:" + hashlib.sha256(content).hexdigest()
