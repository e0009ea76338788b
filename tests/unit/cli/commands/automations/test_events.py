"""`nbyard automations` on events, from a shell."""

import pytest

from nbyard.domain.callers import Caller
from nbyard.reasons.structs import because
from nbyard.rest.identity import local_name


@pytest.fixture
def root(yard):
    root = yard.context.files.root
    for name in ("report", "train"):
        (root / f"{name}.py").write_text("print()\n")
    (root / "inbox").mkdir()
    return root


def create(shell, *words):
    return shell("automations", "create", "report.py", *words)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--on-run", "train.py", "--outcome", "either"), "succeeded or failed"),
        (("--on-file", "inbox", "--pattern", "*.csv", "--settle", "5"), "A file *.csv in"),
        (("--on-file", "inbox", "--change", "deleted"), "inbox is deleted"),
        (("--on-webhook", "--per-minute", "5"), "at most 5 per minute"),
        (("--on-notebook",), "A notebook or program fires it"),
    ],
)
def test_an_automation_is_created_and_shown(shell, root, words, sentence):
    made = create(shell, *words)
    assert made.code == 0, made.err
    assert "report: " in made.err and sentence in made.err
    assert sentence in shell("automations", "show", "report").out
    assert made.out.strip() in shell("automations", "ls").out


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ((), "Name what starts a run"),
        (("--on-notebook", "--on-webhook"), "Name one start"),
        (("--on-notebook", "--pattern", "*"), "--pattern needs --on-file"),
        (("--on-file", "inbox", "--outcome", "failed"), "--outcome needs --on-run"),
        (("--on-notebook", "--value", "x"), "write NAME=FIELD"),
        (("--on-dataset", "none"), "none"),
        (("--on-run", "report.py"), "report.py → "),
        (("--on-webhook", "--value", "n=path"), "--value n"),
    ],
)
def test_refusals_name_the_option_or_field(shell, root, words, text):
    refused = create(shell, *words)
    assert refused.code == 2 and text in refused.err


def test_a_secret_is_shown_once(shell, root):
    made = create(shell, "--on-webhook")
    assert ": whsec_" in made.err
    assert "nbyard/api/hooks/" in shell("automations", "show", "report").out
    assert "whsec_" not in shell("automations", "show", "report", "--json").out
    assert shell("automations", "rotate", "report").out.startswith("whsec_")


def test_options_become_fields(shell, root):
    assert create(shell, "--on-file", "inbox", "--pinned", "--disabled").code == 0
    words = ("--overlap", "skip", "--follow", "--on-file", "inbox", "--pattern", "**/*.csv")
    changed = shell("automations", "update", "report", *words, "--json").json
    assert (changed["overlap"], changed["mode"], changed["is_enabled"]) == (
        "skip",
        "follows",
        False,
    )
    assert changed["on"]["pattern"] == "**/*.csv"
    renamed = shell("automations", "update", "report", "--name", "morning", "--refreeze")
    assert renamed.err.startswith("morning: ")


def test_fire_disable_and_firings(shell, root):
    create(shell, "--on-notebook")
    fired = shell("automations", "fire", "report")
    assert fired.code == 0, fired.err
    listed = shell("automations", "firings", "report").out
    assert str(because("cause-fired")) in listed and "waiting" in listed
    assert "false" in shell("automations", "disable", "report", "--json").out
    assert shell("automations", "fire", "report", "--json").code != 0
    assert shell("automations", "rm", "report").code == 0


def test_a_run_with_a_sweep_is_stored_and_changed(shell, root, yard):
    (root / "report.py").write_text("def report(n: int) -> int:\n    return n\n")
    target = ("automations", "create", "report.py::report", "--on-notebook")
    assert shell(*target, "--sweep", "n=1..3").code == 0
    for words, sweep in ((), {"n": "1..3"}), (("--sweep", "n=4,5"), {"n": "4,5"}):
        assert shell("automations", "update", "report", *words).code == 0
        (known,) = yard.services.automations.list(Caller(local_name())).items
        assert known.run.sweep == sweep
