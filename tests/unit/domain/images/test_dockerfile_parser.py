"""The instructions of a Dockerfile, its base images, and the failed line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.images.dockerfile_parser import (
    FailedLine,
    Instruction,
    accepts_base,
    base_images,
    failed_line,
    parse_instructions,
    shell_program,
)

TEXT = """\
# syntax of people
ARG BASE=python:3.11

FROM ${BASE} AS system
RUN apt-get update \\
    # between
    && true
FROM system
COPY --from=system /a /a
FROM --platform=linux/amd64 debian
"""


def test_instructions_are_joined_and_know_their_first_line():
    found = parse_instructions(TEXT)
    assert [(one.line, one.keyword) for one in found] == [
        (2, "ARG"),
        (4, "FROM"),
        (5, "RUN"),
        (8, "FROM"),
        (9, "COPY"),
        (10, "FROM"),
    ]
    assert found[2].value == "apt-get update && true"
    assert parse_instructions("run x \\") == [Instruction(1, "RUN", "x")]


def test_bases_are_named_without_stages_and_with_arguments():
    assert base_images(TEXT, {}) == ["python:3.11", "debian"]
    assert base_images(TEXT, {"BASE": "own:1"}) == ["own:1", "debian"]
    assert base_images("FROM scratch\nARG X=1\nFROM $X\nFROM", {}) == []
    tagged = "ARG TAG\nFROM python:${TAG:-3.13}${TAG:+-slim}"
    assert base_images(tagged, {}) == ["python:3.13"]
    assert base_images(tagged, {"TAG": "3.12"}) == ["python:3.12-slim"]


@pytest.mark.parametrize(
    ("text", "does"),
    [
        (TEXT, True),
        ("arg BASE\nFROM $BASE", True),
        ("FROM x\nARG BASE", False),
        ("ARG BASED\nFROM x", False),
        ("", False),
    ],
)
def test_a_choosable_base_is_detected(text, does):
    assert accepts_base(text) is does


@pytest.mark.parametrize(
    ("said", "error", "line"),
    [
        (["Step 1/6 : ARG", "Step 3/6 : RUN"], "returned a non-zero code: 1", 5),
        (["[1/2] STEP 5/6: COPY"], "no such file", 9),
        ([], "dockerfile parse error line 7: unknown instruction: FOO", 7),
    ],
)
def test_the_failed_line_is_found(said, error, line):
    shown = TEXT.splitlines()[line - 1].strip()
    assert failed_line(TEXT, said, error) == FailedLine(line, shown)


def test_a_failure_before_the_first_step_has_no_line():
    assert failed_line(TEXT, ["Step 9/9 : X"], "x") is None
    assert failed_line(TEXT, [], "cannot connect") is None


@given(st.text(), st.lists(st.text()), st.text())
def test_any_text_is_read(text, said, error):
    lines = text.splitlines()
    assert all(1 <= one.line <= len(lines) for one in parse_instructions(text))
    base_images(text, {})
    found = failed_line(text, said, error)
    assert found is None or 1 <= found.line <= len(lines)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("FROM x\nENTRYPOINT echo ran; true", 2),
        ("FROM x\nCMD echo \\\n ran", 2),
        ("FROM x\nENTRYPOINT y\nFROM z", 0),
        ('FROM x\nENTRYPOINT ["y"]\nCMD z', 0),
        ('FROM x\nENTRYPOINT exec y "$0" "$@"', 0),
        ("FROM x", 0),
        ("", 0),
    ],
)
def test_a_program_behind_a_shell_that_drops_arguments_is_found(text, line):
    program = shell_program(text)
    assert (program.line if program else 0) == line
