"""Scripts and binaries as executables."""

import ast
import hashlib
import warnings
from typing import Any

from nbyard.domain.attempts.structs import CommandWork, ExitCodes
from nbyard.domain.commands.command_line import build_argv, expand_file, secret_variables
from nbyard.domain.commands.interpreters import (
    PYTHON,
    STARTS,
    description_hints,
    is_utf16,
    read_start,
    start_hints,
)
from nbyard.domain.commands.invocations import ATTEMPT, TEMPORARY, WORK
from nbyard.domain.environments.structs import EnvironmentRef
from nbyard.domain.inspection.handoff_calls import MARK, handoff_values
from nbyard.domain.inspection.scripts import Script, read_script
from nbyard.errors import Invalid
from nbyard.kinds.protocol import Reading
from nbyard.reasons.structs import because

# The variables of a command in its own folder (CWL v1.2, section 4.2 "Runtime environment").
APART = {"HOME": f"{ATTEMPT}/{WORK}", "TMPDIR": f"{ATTEMPT}/{TEMPORARY}"}


class CommandKind:
    """Executable kinds `script` and `binary`: run a program with arguments."""

    name = "command"
    suffixes: tuple[str, ...] = tuple(STARTS)
    keeps_arguments = False

    def read(self, name: str, content: bytes) -> Reading:
        """Read the start command, and the arguments of a Python script with argparse or click.

        Other scripts and binaries get a hint: users or a description file declare their
        arguments.
        """
        start = read_start(name, content)
        script = Script()
        if start.language == "python" and not is_utf16(content):
            try:
                # Python warns about escapes such as "\d" in the script. That concerns only its
                # author.
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    script = read_script(ast.parse(content, name), names_us=MARK in content)
            except SyntaxError as error:
                params = {"line": error.lineno or 1, "message": error.msg}
                script = Script(hints=[because("python-line-invalid", name=name, **params)])
            except (ValueError, RecursionError, MemoryError) as error:
                message = str(error) or type(error).__name__
                script = Script(hints=[because("script-no-python", name=name, message=message)])
        unread = script.hints
        if not (script.arguments or unread):
            # Without arguments in the code, hints explain how to describe them.
            unread = description_hints(name, content, start)
        return Reading(
            self.name,
            start.language,
            "",
            script.arguments,
            start_hints(name, content, start),
            command=start.command,
            hints_without_description=unread,
        )

    def work(
        self, file: str, reading: Reading, values: dict[str, Any], environment: EnvironmentRef
    ) -> CommandWork:
        """Return the command line with its environment and streams.

        The interpreter of the node's environment starts a Python script.

        Raises:
            Invalid: no command to start the file is known.
        """
        prefix = list(reading.command)
        if not prefix and not reading.invocation.words:
            raise Invalid.field("command", "nbyard does not know how to start this file")
        if prefix[:1] == [PYTHON] and environment.interpreter:
            # The script uses the packages of the node's environment.
            prefix[0] = environment.interpreter
        invocation = reading.invocation
        command = expand_file(prefix, file)
        line = build_argv(command, reading.arguments, values, invocation, reading.facts)
        secrets = secret_variables(reading.arguments, line.environment)
        plain = {n: value for n, value in line.environment.items() if n not in secrets}
        return CommandWork(
            line.argv,
            plain | (APART if invocation.apart else {}),
            line.stdin,
            line.stdout,
            line.stderr,
            list(line.files),
            ExitCodes(
                invocation.success_codes, invocation.temporary_codes, invocation.permanent_codes
            ),
            handed=handoff_values(reading.arguments, values),
            secrets=secrets,
        )

    def code_digest(self, content: bytes) -> str:
        """Return the digest of the file."""
        return "sha256:" + hashlib.sha256(content).hexdigest()
