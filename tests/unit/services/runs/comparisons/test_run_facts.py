"""The record of a run as comparisons read it."""

import json

from nbyard.domain.comparison.facts import InputFacts
from nbyard.services.runs.comparisons.run_facts import FactReader, only_metrics


def test_the_facts_of_a_workflow(yard, flow, finished):
    detail = finished(path=flow, parameters={"n": 3})
    store = yard.context.store
    with store.read() as c:
        found = FactReader(store, c).read(detail.run, {"one": {"m": 1.0}}, {})
    assert (found.values, list(found.tasks)) == ({"n": "3"}, ["one", "two"])
    assert found.seconds is not None
    one, two = found.tasks.values()
    assert (one.values, one.metrics, one.state) == ({"times": "3"}, {"m": 1.0}, "succeeded")
    assert one.inputs["source"].origin == "data.csv" and one.inputs["source"].digest
    made = one.outputs["result"]
    assert two.inputs == {"source": InputFacts(made.digest, node="one", output="result")}
    assert one.code is not None and (one.code.file, one.code.number) == ("tool.py", 1)
    assert one.parts is not None and one.packages
    assert one.environment == "process"


def test_a_single_executable_has_its_values_once(yard, root, tool, finished):
    (root / "data.csv").write_text("a\n")
    detail = finished(path=tool, texts={"source": "data.csv", "times": "2"})
    store = yard.context.store
    with store.read() as c:
        found = FactReader(store, c).read(detail.run, {}, {})
    assert found.values == {}
    assert found.tasks["main"].values == {"times": "2"}


def test_a_notebook_counts_only_with_a_picture(yard, root, finished):
    cell = {"cell_type": "code", "id": "a", "source": "1", "metadata": {}, "outputs": []}
    spec = {"kernelspec": {"name": "python3", "display_name": "", "language": "python"}}
    book = {"nbformat": 4, "nbformat_minor": 5, "metadata": spec}
    (root / "n.ipynb").write_text(json.dumps({**book, "cells": [{**cell, "execution_count": 1}]}))
    detail = finished(path="n.ipynb")
    store = yard.context.store
    with store.read() as c:
        reader = FactReader(store, c)
        assert reader.read(detail.run, {}, {}).tasks["main"].outputs == {}
        pictured = reader.read(detail.run, {}, {"main": "sha256:p"}).tasks["main"]
        assert reader.version("fog") is None
        only = only_metrics(detail.run, {"main": {"m": 1.0}})
    assert pictured.outputs["executed.ipynb"].compared == "sha256:p"
    assert pictured.environment == "python3"
    assert only.tasks["main"].metrics == {"m": 1.0}
