"""How much of its data a check run gets."""

import pytest

from nbyard.domain.runs.structs import MAX_FILES, MAX_ROWS, Sample, check_sample
from nbyard.errors import Invalid


def test_numbers_out_of_range_are_refused_by_name() -> None:
    assert check_sample(1, 1) == Sample(1, 1)
    assert check_sample(MAX_ROWS, MAX_FILES) == Sample(MAX_ROWS, MAX_FILES)
    for rows, files, field in ((0, 1, "rows"), (1, 0, "files"), (MAX_ROWS + 1, 1, "rows")):
        with pytest.raises(Invalid) as refused:
            check_sample(rows, files)
        assert [one.path for one in refused.value.details] == [field]


def test_the_mark_distinguishes_samples() -> None:
    marks = {Sample(rows, files).mark for rows in (1, 11) for files in (1, 11)}
    assert len(marks) == 4
