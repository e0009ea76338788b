"""`nbyard NOUN lineage` from a shell."""

import pytest


def test_the_lineage_of_a_run_is_a_tree(shell, made):
    seen = shell("runs", "lineage", "hello")
    assert seen.code == 0, seen.err
    lines = ["task echo.py run 1 word=x n=1", "comes from:", "├─ code echo version 1 (echo.py)"]
    assert seen.out.splitlines()[:3] == lines
    assert seen.out.splitlines()[3].startswith("└─ environment python (")
    found = shell("runs", "lineage", "1", "--json").json
    assert {node["kind"] for node in found["nodes"]} == {"task", "code", "environment"}


@pytest.mark.parametrize(
    "noun", ["artifacts", "datasets", "deployments", "images", "models", "runs"]
)
def test_missing_records_are_named(shell, noun):
    refused = shell(noun, "lineage", "none")
    assert refused.code == 3
    assert "none" in refused.err


def test_options_choose_a_part(shell, made):
    node = made.tasks[0].node
    assert shell("runs", "lineage", "hello", "--node", node).code == 0
    refused = shell("runs", "lineage", "hello", "--output", "x")
    assert refused.code != 0 and "node" in refused.err
    assert shell("datasets", "lineage", "none", "--version", "2").code != 0
    assert "limit" in shell("runs", "lineage", "hello", "--limit", "0").err
