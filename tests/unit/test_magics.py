"""D6, G3: `%nbyard` in a notebook."""

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

import nbyard
from nbyard.yard import Yard


@pytest.fixture
def shell(yard: Yard, monkeypatch, tmp_path):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    for name, value in yard.settings.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(yard.parts.files.root)
    made = InteractiveShell()
    nbyard.load_ipython_extension(made)
    yield made
    made.history_manager.end_session() if made.history_manager else None


def test_a_run_gives_its_state_and_outputs(shell, yard, dispatcher):
    (yard.parts.files.root / "t.sh").write_text("#!/bin/sh\necho hi\n")
    done = shell.run_line_magic("nbyard", "run t.sh")
    assert done.state == "succeeded"
    assert "main: succeeded" in repr(done)


@pytest.mark.parametrize(
    "line",
    ["", "nonsense", "run", "dataset", "dataset a b", "run t.sh -p", "run t.sh -p x",
     "run none.sh", "dataset none", "run t.sh -p unknown=1"],
)  # fmt: skip
def test_what_is_refused_is_a_usage_error(shell, yard, line):
    (yard.parts.files.root / "t.sh").write_text("#!/bin/sh\necho hi\n")
    with pytest.raises(UsageError):
        shell.run_line_magic("nbyard", line)
