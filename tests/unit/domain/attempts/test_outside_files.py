"""Which state outside its code a result depends on."""

from dataclasses import dataclass, field

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nbyard.domain.attempts.outside_files import (
    CHANGED,
    FileState,
    Habits,
    OutsideFile,
    OutsideUse,
    expected_state,
)

MISSING, FOLDER = FileState("missing"), FileState("folder")
SHORT, SAME, LONG = (FileState("file", size, size, size, 7) for size in (3, 3, 9))


def of(start: FileState, end: FileState, reads: str = "", **more: object) -> OutsideFile | None:
    told = {"start": start, "end": end, "reads": reads, "is_changed": start != end} | more
    return expected_state(msgspec.convert(told, OutsideUse), Habits())


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (of(SHORT, SHORT, "first"), OutsideFile(SHORT, is_read=True)),
        (of(SHORT, SHORT), OutsideFile(SHORT)),
        (of(SHORT, SHORT, "opened"), OutsideFile(SHORT)),
        (of(MISSING, MISSING), OutsideFile(MISSING)),
        (of(SHORT, LONG), None),
        (of(SHORT, LONG, "opened"), None),
        (of(MISSING, LONG, "opened"), None),
        (of(SHORT, MISSING), None),
        (of(SHORT, LONG, "first"), CHANGED),
        (of(SHORT, MISSING, "first"), CHANGED),
        (of(SHORT, LONG, "later"), CHANGED),
        (of(FileState("unknown"), SHORT, "later"), CHANGED),
        (of(LONG, SHORT, "later"), OutsideFile(SHORT, is_read=True)),
        (of(MISSING, LONG, "later"), OutsideFile(MISSING, is_read=True)),
        (of(MISSING, LONG, "first"), OutsideFile(MISSING, is_read=True)),
        (of(MISSING, FOLDER, "first"), OutsideFile(MISSING, is_read=True)),
        (of(MISSING, FOLDER), OutsideFile(MISSING)),
        (of(MISSING, FOLDER, "later"), OutsideFile(MISSING, is_read=True)),
        (of(FOLDER, FOLDER, "first", names="1"), OutsideFile(FOLDER, True, "1")),
        (of(FOLDER, FOLDER, "first", names="1", is_changed=True), OutsideFile(FOLDER, True, "1")),
        (of(FOLDER, FOLDER, "later", names="1", is_changed=True), OutsideFile(FOLDER, True, "1")),
        (of(FOLDER, FOLDER), OutsideFile(FOLDER)),
        (of(MISSING, FileState("many")), OutsideFile(FileState("many"))),
    ],
)
def test_results_list_the_expected_file_states(
    found: OutsideFile | None, wanted: OutsideFile | None
) -> None:
    assert found == wanted


def test_unseen_file_access_is_detected() -> None:
    opened = OutsideUse(SHORT, SHORT, "opened")
    assert expected_state(opened, Habits(maps=True)) == OutsideFile(SHORT, is_read=True)
    written = OutsideUse(LONG, SHORT, "opened", is_changed=True)
    assert expected_state(written, Habits(maps=True)) == CHANGED
    assert expected_state(written, Habits(tests=True)) == OutsideFile(SHORT)
    new = OutsideUse(LONG, MISSING, "opened", is_changed=True)
    assert expected_state(new, Habits(tests=True)) == OutsideFile(MISSING)
    overwritten = OutsideUse(SHORT, LONG, "later", is_changed=True)
    assert expected_state(overwritten, Habits(appends=True)) == CHANGED
    unread = OutsideUse(SHORT, SHORT)
    assert expected_state(unread, Habits(asks=True)) == OutsideFile(SHORT, is_read=True)


@pytest.mark.parametrize("state", [FOLDER, MISSING])
def test_tests_of_computed_paths_depend_on_possible_files(state: FileState) -> None:
    """For sizes, the states of the files count, else their names."""
    use = OutsideUse(state, state, names="n", entries="e")
    asked = OutsideFile(state, is_read=True, digest="e", has_entries=True)
    assert expected_state(use, Habits(asks=True)) == asked
    assert expected_state(use, Habits(asks=True, computes=True)) == asked
    assert expected_state(use, Habits(computes=True)) == OutsideFile(
        state, is_read=True, digest="n"
    )
    created = OutsideUse(SHORT, MISSING, is_changed=True, names="n", entries="e")
    assert expected_state(created, Habits(asks=True)) is None


@dataclass
class File:
    """A file that work and others use, with what the work saw of it, in the terms of the runner.

    `text` is None while it is missing.
    """

    text: str | None
    seen: list[str | None] = field(default_factory=list)
    reads: str = ""
    is_written: bool = False

    def state(self) -> FileState:
        return MISSING if self.text is None else FileState("file", len(self.text), hash(self.text))

    def use(self, step: str) -> None:
        if step == "read":
            self.seen.append(self.text)
            later = "first" if not self.is_written or self.reads == "first" else "later"
            self.reads = later if self.text is not None else self.reads
        else:
            self.text = "new" if step == "overwrite" else f"{self.text or ''}more"
            self.reads, self.is_written = self.reads or "opened", True


STEPS = st.lists(st.sampled_from(["read", "append", "overwrite"]), max_size=4)
TEXTS = st.sampled_from([None, "", "old", "new", "a long old text"])


@given(STEPS, TEXTS, TEXTS)
@example(["append", "read", "overwrite"], "old", None)
def test_a_result_is_reused_only_with_the_same_bytes(
    steps: list[str], first: str | None, then: str | None
) -> None:
    """The code reads, appends and overwrites in any order. Writing alone is no read."""
    file = File(first)
    for step in steps:
        file.use(step)
    start = File(first).state()
    end = file.state()
    use = OutsideUse(end, start, file.reads, start != end)  # type: ignore[arg-type]
    habits = Habits(tests="read" in steps, appends="append" in steps)
    wanted = expected_state(use, habits)
    # either somebody changed it, or it is as the work left it
    for text in (then, file.text):
        again = File(text)
        now = again.state()
        is_reused = wanted is None or (
            wanted.state == now if wanted.is_read else wanted.state.kind == now.kind
        )
        for step in steps:
            again.use(step)
        if is_reused:
            assert again.seen == file.seen
        elif "read" not in steps:
            assert start == end, "work that only writes reuses its result"
