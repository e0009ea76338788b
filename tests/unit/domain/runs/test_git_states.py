"""The text of a repository's state."""

import msgspec
import pytest

from nbyard.domain.runs.origins import GitState
from nbyard.errors import Invalid

COMMIT = "1a2b3c4d5e" + "0" * 30


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (GitState(COMMIT, "main"), "main 1a2b3c4d5e"),
        (GitState(COMMIT, "main", True), "main 1a2b3c4d5e + changes"),
        (GitState(COMMIT), "1a2b3c4d5e"),
    ],
)
def test_a_state_is_rendered_as_text(state, text):
    assert str(state) == text
    assert msgspec.convert(msgspec.to_builtins(state), GitState) == state


@pytest.mark.parametrize(
    ("state", "path"),
    [
        (GitState("main"), "git.commit"),
        (GitState(COMMIT + "\n"), "git.commit"),
        (GitState(COMMIT, "b" * 300), "git.branch"),
        (GitState(COMMIT, "a\nb"), "git.branch"),
    ],
)
def test_other_commits_are_refused(state, path):
    GitState(COMMIT, "main").check()
    with pytest.raises(Invalid) as refused:
        state.check()
    assert refused.value.details[0].path == path
