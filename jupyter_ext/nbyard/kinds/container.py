"""Dockerfiles as executables: the bundle is the build context, the image's own program runs."""

import hashlib
from typing import Any

from nbyard.domain.attempts.structs import IMAGE_PROGRAM, CommandWork
from nbyard.domain.commands.command_line import build_argv, secret_variables
from nbyard.domain.environments.structs import EnvironmentRef
from nbyard.domain.images.dockerfile_parser import (
    parse_instructions,
    program_behind_shell,
    shell_program,
)
from nbyard.errors import Invalid
from nbyard.kinds.protocol import Reading


class DockerfileKind:
    """Executable kind `container`: build the image of a Dockerfile and run its program."""

    name = "container"
    suffixes: tuple[str, ...] = ("dockerfile", "containerfile")
    keeps_arguments = False

    def read(self, name: str, content: bytes) -> Reading:
        """Check a Dockerfile. Its arguments come from a description file or from users.

        Raises:
            Invalid: the file has no FROM instruction.
        """
        text = content.decode("utf-8", "replace")
        if all(instruction.keyword != "FROM" for instruction in parse_instructions(text)):
            raise Invalid.field("path", f"{name} is not a Dockerfile: it has no FROM instruction")
        program = shell_program(text)
        hints = [program_behind_shell(program)] if program else []
        return Reading(self.name, "", "", [], hints, command=[IMAGE_PROGRAM])

    def work(
        self, file: str, reading: Reading, values: dict[str, Any], environment: EnvironmentRef
    ) -> CommandWork:
        """Return the command line of the image's program, or of a description's program."""
        line = build_argv(reading.command or [IMAGE_PROGRAM], reading.arguments, values)
        secrets = secret_variables(reading.arguments, line.environment)
        plain = {n: value for n, value in line.environment.items() if n not in secrets}
        return CommandWork(
            line.argv,
            plain,
            line.stdin,
            line.stdout,
            dockerfile=f"code/{file}",
            secrets=secrets,
        )

    def code_digest(self, content: bytes) -> str:
        """Return the digest of the Dockerfile."""
        return "sha256:" + hashlib.sha256(content).hexdigest()
