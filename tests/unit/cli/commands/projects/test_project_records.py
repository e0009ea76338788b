"""`nbyard projects` from a shell."""

import pytest


@pytest.fixture
def made(yard, shell):
    words = ("wine", "--goal", "Predict", "--set", "team=cellar", "--set", "a=b=c")
    return shell("projects", "create", *words, "--repository", "https://git.example/wine")


def test_a_project_is_created_and_shown(shell, made):
    assert made.code == 0, made.err
    shown = shell("projects", "show", "wine")
    assert "Predict" in shown.out and "cellar" in shown.out and "b=c" in shown.out
    listed = shell("projects", "ls")
    assert made.out.strip() in listed.out and "git.example" in listed.out


def test_a_change_keeps_the_rest(shell, made):
    words = ("--criteria", "RMSE below 0.6", "--unset", "a", "--name", "red wine", "--json")
    changed = shell("projects", "update", "wine", *words).json
    assert changed["task"] == {
        "goal": "Predict",
        "evaluation_data": "",
        "criteria": "RMSE below 0.6",
    }
    assert (changed["name"], changed["metadata"]) == ("red wine", {"team": "cellar"})


def test_resources_are_linked_listed_and_unlinked(shell, made, yard):
    root = yard.context.files.root
    for name in ("red", "white"):
        (root / f"{name}.py").write_text("print()\n")
        assert shell("automations", "create", f"{name}.py", "--at", "daily at 6").code == 0
    linked = shell("projects", "link", "wine", "automation", "red")
    assert linked.code == 0 and "linked the automation red" in linked.err
    assert "1 automation" in shell("projects", "show", "wine").out
    listed = shell("automations", "ls", "--project", "wine").out
    assert "red" in listed and "white" not in listed
    assert "red" in shell("projects", "links", "wine").out
    assert "white" in shell("projects", "linkable", "wine", "--kind", "automation").out
    assert shell("projects", "unlink", "wine", "automation", "red").code == 0
    assert "red" not in shell("automations", "ls", "--project", "wine").out
    assert shell("projects", "rm", "wine").code == 0
    assert "red" in shell("automations", "ls").out


def test_mistakes_are_named(shell, made):
    assert "NAME=VALUE" in shell("projects", "create", "x", "--set", "team").err
    unknown = shell("projects", "link", "wine", "channel", "team")
    assert unknown.code == 2 and "for 'KIND': 'channel'" in unknown.err
    missing = shell("datasets", "ls", "--project", "wien")
    assert missing.code != 0 and "wine" in missing.err
    other = shell("projects", "link", "wine", "dataset", "no")
    assert "no dataset 'no'" in other.err


def test_artifacts_are_listed_by_kind(shell):
    assert shell("projects", "create", "vine", "--goal", "Predict").code == 0
    found = shell("projects", "artifacts", "vine", "--kind", "model")
    assert found.code == 0 and "kind" in found.out
    refused = shell("projects", "artifacts", "vine", "--kind", "picture")
    assert refused.code == 2 and "data, model" in refused.err
