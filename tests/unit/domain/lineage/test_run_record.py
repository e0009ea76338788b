"""What exports read of a run."""

import msgspec

from .records import record, single


def test_results_that_no_task_uses_are_those_of_the_run() -> None:
    whole = record()
    clean, train = whole.tasks
    assert [(name, one.name) for name, one in whole.results_used(train)] == [("x", "table")]
    assert list(whole.results_used(clean)) == []
    assert [one.name for one in whole.results()] == ["executed.ipynb", "model"]


def test_data_from_outside_count_once() -> None:
    whole = record()
    again = msgspec.structs.replace(whole.tasks[1], inputs=whole.tasks[0].inputs)
    whole = msgspec.structs.replace(whole, tasks=[whole.tasks[0], again])
    assert [one.filename for one in whole.data_used().values()] == ["penguins.csv", "notes.txt"]


def test_an_input_that_is_given_is_no_result() -> None:
    """A pinned node keeps the connections of its workflow."""
    whole = record()
    given = msgspec.structs.replace(whole.tasks[1], inputs={"x": whole.tasks[0].inputs["data"]})
    assert list(whole.results_used(given)) == []


def test_a_run_of_one_executable_is_no_workflow() -> None:
    assert record().is_workflow and not single().is_workflow
