"""Why a build failed. Real builds: tests/integration/docker."""

from types import SimpleNamespace
from typing import IO, cast

import pytest

from nbyard.dockerd import Engine
from nbyard.dockerd.engine_messages import registry_words
from nbyard.errors import NbyardError
from nbyard.images.builds import TRIES, BuildFailed, ImageRequest, _failure, ensure_image
from nbyard.reasons.structs import because

GONE = f"invalid from flag value build: No such image: sha256:{'c' * 64}"
TEXT = "FROM x\nRUN one && \\\n    two\nRUN three\n"
EXIT = "The image could not be built: The command '/bin/sh -c three' returned a non-zero code: 2"


@pytest.mark.parametrize(
    ("steps", "tail", "message", "line", "words"),
    [
        (["Step 3/3 : RUN three"], [], EXIT, 4, "line 4 of the Dockerfile failed: exit code 2"),
        (
            ["Step 2/3 : RUN one"],
            ["ERROR: No matching distribution found for x", "(more)"],
            EXIT,
            2,
            "line 2 of the Dockerfile failed: No matching distribution found for x (exit code 2)",
        ),
        (
            ["Step 3/3 : RUN three"],
            ["OSError: [Errno 28] No space left on device"],
            EXIT,
            4,
            "the disk of the engine is full (no space left on device)",
        ),
        (
            [],
            [],
            "write /var/lib/x: no space left on device",
            None,
            "the disk of the engine is full",
        ),
        (
            [],
            [],
            "dockerfile parse error line 4: unknown instruction: RAN",
            4,
            "unknown instruction",
        ),
        ([], [], "something else", None, "could not be built: something else"),
    ],
)
def test_the_failed_line_and_its_message_are_reported(steps, tail, message, line, words):
    failed = _failure(
        ImageRequest(TEXT), steps, tail, NbyardError(because("build-refused", message=message))
    )
    assert words in failed.message
    assert (failed.failed_line and failed.failed_line.line) == line
    assert (". Remove images" in failed.message) == ("is full" in words)
    assert failed.reason.code == ("dockerfile-line-failed" if line else "image-not-built")


def test_a_step_that_is_killed_has_the_limit_as_its_cause():
    """Only with a limit: otherwise, somebody else killed it."""
    refused = NbyardError(because("build-refused", message=EXIT.replace("code: 2", "code: 137")))
    for limits, cause in (
        ({"cpu": 1.0, "memory_bytes": 2_000}, because("build-killed", limit=2_000)),
        ({}, because("command-exited", exit_code=137)),
    ):
        failed = _failure(ImageRequest(TEXT, limits=limits), ["Step 3/3 : RUN three"], [], refused)
        assert failed.reason == because("dockerfile-line-failed", line=4, cause=cause)


def test_a_project_with_a_git_version_gets_a_hint():
    tail = ["LookupError: setuptools-scm was unable to detect version for /nbyard/image/cow."]
    failed = _failure(
        ImageRequest(TEXT), [], tail, NbyardError(because("build-refused", message=EXIT))
    )
    assert "--variable SETUPTOOLS_SCM_PRETEND_VERSION=1.0" in failed.message


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("dial tcp: lookup h.test: no such host", "h.test cannot be found from here"),
        ("dial tcp 127.0.0.1:1: connect: connection refused", "h.test refuses connections"),
        ("http: server gave HTTP response to HTTPS client", "h.test does not use TLS"),
        (
            "x509: certificate signed by unknown authority",
            "does not trust the certificate of h.test",
        ),
        ("unauthorized: authentication required", "docker login h.test"),
        ("denied: requested access to the resource is denied", "docker login h.test"),
        ("manifest unknown: manifest unknown", "h.test does not have this image"),
        ("a word of its own", "a word of its own"),
    ],
)
def test_registry_errors_have_plain_reasons(said, words):
    assert words in str(registry_words(said, "h.test"))


def test_a_registry_without_a_name_is_the_public_one():
    assert registry_words("no such host", "").code == "registry-unknown"
    assert "(docker login, " in str(registry_words("unauthorized", ""))


def test_a_refused_login_names_its_credential():
    told = registry_words("unauthorized: authentication required", "h.test", "hub")
    assert "h.test" in str(told) and "the credential 'hub'" in str(told)
    assert (
        str(registry_words("connection refused", "h.test", "hub")) == "h.test refuses connections"
    )


class Losing:
    """An engine on which others remove a stage during the first builds."""

    def __init__(self, losses: int) -> None:
        self.losses = losses
        self.read: list[bytes] = []

    def image_id(self, name: str) -> str:
        return "sha256:base" if name == "x" else ""

    def build(self, reference: str, context: IO[bytes], **_: object) -> None:
        self.read.append(context.read())
        if len(self.read) <= self.losses:
            raise NbyardError(because("build-refused", message=GONE))

    def image(self, name: str) -> SimpleNamespace:
        return SimpleNamespace(id="sha256:made", size_bytes=1)


def test_a_build_whose_stage_is_removed_is_repeated_with_the_whole_context() -> None:
    said: list[str] = []
    engine = Losing(TRIES - 1)
    ensure_image(cast(Engine, engine), ImageRequest(TEXT, {"Dockerfile": TEXT}), said.append)
    assert len(engine.read) == TRIES and len({*engine.read}) == 1 and engine.read[0]
    assert sum("Building again" in line for line in said) == TRIES - 1


def test_a_build_whose_stage_is_always_removed_fails_with_the_message() -> None:
    with pytest.raises(BuildFailed, match="No such image"):
        ensure_image(cast(Engine, Losing(TRIES)), ImageRequest(TEXT, {"Dockerfile": TEXT}), print)
