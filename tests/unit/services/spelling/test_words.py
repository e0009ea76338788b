"""The words of commands, and requests without their defaults."""

import shlex

import msgspec
import pytest
from hypothesis import given
from msgspec import UNSET

from nbyard.domain.automations.structs import AutomaticRun, NewAutomation
from nbyard.domain.automations.times.structs import Phrase
from nbyard.domain.datasets.structs import FileSource, NewDataset
from nbyard.domain.runs.structs import NewRun
from nbyard.services.spelling.words import (
    UnspellableRequest,
    Words,
    need_defaults,
    plain_json,
    target_of,
)

from .sent_requests import TEXTS


def test_unneeded_options_are_left_out():
    words = Words("run").option("--a", None).option("--b", UNSET).option("--c", "", "")
    assert words.flag("--d", False).json("--e", {}).done("x") == ["nbyard", "run", "x"]


def test_arguments_that_look_like_options_follow_two_dashes():
    assert Words("run").flag("--force", True).done("-x") == ["nbyard", "run", "--force", "--", "-x"]


@pytest.mark.parametrize("name", ["", "a=b"])
def test_names_that_a_pair_cannot_have(name):
    with pytest.raises(UnspellableRequest):
        Words("run").pairs("-p", {name: "1"})


@given(TEXTS)
def test_any_text_comes_back_from_a_shell(text):
    assert shlex.split(shlex.join(Words("run").done(text)))[-1] == text


@pytest.mark.parametrize(
    ("path", "executable"),
    [("", ""), ("a.py", "b"), ("Makefile", ""), ("", "clean.py"), ("", "a/b")],
)
def test_ambiguous_targets_are_spelled_safely(path, executable):
    with pytest.raises(UnspellableRequest):
        target_of(path, executable)


def test_targets():
    assert target_of("a/Makefile", "") == "a/Makefile"
    assert target_of("", "churn v0.0.1") == "churn v0.0.1"


def test_a_field_without_an_option_needs_its_default():
    need_defaults(NewRun(path="a.py"), besides=["path"])
    with pytest.raises(UnspellableRequest):
        need_defaults(NewRun(path="a.py", gpu=1), besides=["path"])


def test_a_request_is_shown_without_defaults():
    assert plain_json(NewDataset(FileSource("a.csv"))) == {
        "source": {"kind": "file", "path": "a.csv"}
    }
    timing = {"kind": "phrase", "text": "daily"}
    for run, shown in (
        (AutomaticRun(path="a.py"), {}),
        (AutomaticRun(force=False), {"force": False}),
    ):
        automation = NewAutomation(msgspec.structs.replace(run, path="a.py"), Phrase("daily"))
        assert plain_json(automation) == {"run": {"path": "a.py"} | shown, "on": timing}
