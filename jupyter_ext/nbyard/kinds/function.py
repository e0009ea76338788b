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
    name = "function"
    suffixes: tuple[str, ...] = ()
    keeps_arguments = True

    def read(self, name: str, content: bytes) -> Reading:
        """The function's parameters and what it returns, from its source.

        Raises:
            Invalid: the file is no Python, or has no such function.
        """
        found = read_function(content, name)
        return Reading(self.name, "python", "", found.arguments, found.hints)

    def work(
        self, file: str, reading: Reading, values: dict[str, Any], environment: EnvironmentRef
    ) -> FunctionWork:
        """Only what was given is passed: defaults stay those of the function."""
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
        own = environment.interpreter if "/" in environment.interpreter else ""
        return FunctionWork(f"code/{place}", function, parameters, files, own)

    def code_digest(self, content: bytes) -> str:
        """Of the whole file: what a function calls stands beside it."""
        return "sha256:" + hashlib.sha256(content).hexdigest()
