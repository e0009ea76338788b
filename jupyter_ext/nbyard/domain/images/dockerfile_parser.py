"""Dockerfiles: their instructions by line, and the line where a build failed."""

import re
from collections.abc import Mapping, Sequence

import msgspec

from nbyard.reasons.structs import Reason, because

CONTINUED = re.compile(r"\\[ \t]*$")
# `Step 3/7 : RUN …` of Docker, `[1/2] STEP 3/7: RUN …` of Podman.
STEP = re.compile(r"^(?:\[\d+/\d+\] )?step (\d+)/\d+ ?: ", re.IGNORECASE)
PARSE_ERROR = re.compile(r"parse error(?: on)? line (\d+)", re.IGNORECASE)
VARIABLE = re.compile(r"\$(?:\{(?P<braced>\w+)(?::?(?P<if>[-+])(?P<word>[^}]*))?\}|(?P<bare>\w+))")
MAX_SHOWN = 300
BASE = "BASE"
PASSES_ON = re.compile(r"\$\{?[@*\d]")  # shell variables for the passed arguments


class Instruction(msgspec.Struct, frozen=True):
    """An instruction of a Dockerfile.

    `line` counts from 1. Continued lines are joined in `value`.
    """

    line: int
    keyword: str
    value: str


class FailedLine(msgspec.Struct, frozen=True):
    """The line of a Dockerfile, from 1, where a build failed, and its text."""

    line: int
    text: str


def parse_instructions(text: str) -> list[Instruction]:
    """Return the instructions in order, without comments between their lines."""
    instructions: list[Instruction] = []
    begun, first = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#") or not (line.strip() or begun):
            continue
        first = first if begun else number
        joined = CONTINUED.search(line) is not None
        begun += CONTINUED.sub("", line).strip() + " "
        if joined:
            continue
        instructions.append(_instruction(first, begun))
        begun = ""
    return [*instructions, _instruction(first, begun)] if begun.strip() else instructions


def _instruction(line: int, text: str) -> Instruction:
    keyword, _, value = text.strip().partition(" ")
    return Instruction(line, keyword.upper(), value.strip())


def shell_program(text: str) -> Instruction | None:
    """Return the last stage's program if it is a shell line that drops its arguments.

    The program is the ENTRYPOINT, else the CMD. Return None for a JSON list, and if neither is
    set.
    """
    instructions = parse_instructions(text)
    # only the last stage becomes the image
    last = max(
        (at for at, instruction in enumerate(instructions) if instruction.keyword == "FROM"),
        default=0,
    )
    programs = {
        instruction.keyword: instruction
        for instruction in instructions[last:]
        if instruction.keyword in ("ENTRYPOINT", "CMD")
    }
    program = programs.get("ENTRYPOINT") or programs.get("CMD")
    if program is None or program.value.startswith("[") or PASSES_ON.search(program.value):
        return None
    return program


def program_behind_shell(program: Instruction) -> Reason:
    """Return the hint about a program that drops its arguments.

    `program` is a result of `shell_program`.
    """
    return because("shell-passes-no-arguments", line=program.line, keyword=program.keyword)


def accepts_base(text: str) -> bool:
    """Return whether `ARG BASE` precedes the first `FROM`, so that a build can set the base."""
    for instruction in parse_instructions(text):
        if instruction.keyword == "FROM":
            break
        if instruction.keyword == "ARG" and instruction.value.partition("=")[0] == BASE:
            return True
    return False


def base_images(text: str, arguments: Mapping[str, str]) -> list[str]:
    """Return the base images of a Dockerfile, without its own stages and `scratch`.

    `arguments` are the build arguments.
    """
    known: dict[str, str] = {}
    stages, images, is_begun = {"scratch"}, list[str](), False
    for instruction in parse_instructions(text):
        # only an ARG before the first FROM applies to FROM lines
        if instruction.keyword == "ARG" and not is_begun:
            name, _, default = instruction.value.partition("=")
            known[name] = arguments.get(name, default.strip("\"'"))
        elif instruction.keyword == "FROM":
            is_begun = True
            tokens = [word for word in instruction.value.split() if not word.startswith("--")]
            named = VARIABLE.sub(lambda m: _expand(m, known), tokens[0]) if tokens else ""
            if named and named.lower() not in stages:
                images.append(named)
            if len(tokens) > 2 and tokens[1].lower() == "as":
                stages.add(tokens[2].lower())
    return list(dict.fromkeys(images))


def _expand(match: re.Match[str], known: Mapping[str, str]) -> str:
    """Return the value of `$NAME`, `${NAME}`, `${NAME:-default}` or `${NAME:+text}`."""
    value = known.get(match["braced"] or match["bare"], "")
    if match["if"] == "+":
        return match["word"] if value else ""
    return value or match["word"] or ""


def failed_line(text: str, said: Sequence[str], error: str) -> FailedLine | None:
    """Return the line where a build failed: the last step in its log, or a parse error.

    `said` has the lines of the log, `error` is the message of the engine. Return None if the build
    did not get that far.
    """
    if parse_error := PARSE_ERROR.search(error):
        return _line(text, int(parse_error[1]))
    steps = [int(match[1]) for line in said if (match := STEP.match(line))]
    known = parse_instructions(text)
    if steps and 0 < steps[-1] <= len(known):
        return _line(text, known[steps[-1] - 1].line)
    return None


def _line(text: str, number: int) -> FailedLine | None:
    lines = text.splitlines()
    return (
        FailedLine(number, lines[number - 1].strip()[:MAX_SHOWN]) if number <= len(lines) else None
    )
