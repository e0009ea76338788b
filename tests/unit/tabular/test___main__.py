"""Replies of the reader process: which reasons are stored as an empty preview."""

from pathlib import Path

import msgspec
import polars
import pytest

from nbyard.domain.datasets.table_descriptions import BrokenTable
from nbyard.errors import Invalid
from nbyard.tabular import __main__ as reader
from nbyard.tabular.reader_answers import Question

REASON = "The table is empty."


@pytest.mark.parametrize(
    ("problem", "is_permanent"),
    [
        (Invalid(REASON), True),
        (BrokenTable(REASON), True),
        (RecursionError(), True),
        (MemoryError(), False),
        (OSError("slow disk"), False),
        (ValueError("no plan"), False),
        (TypeError("no plan"), False),
        (KeyError("no plan"), False),
        (polars.exceptions.ComputeError("no plan"), False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_only_refused_content_is_not_read_again(
    problem: Exception, is_permanent: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def answer(_: object) -> None:
        raise problem

    monkeypatch.setattr(reader, "answer_question", answer)
    question = Question("preview", path=str(tmp_path), filename="a.csv")
    reply = reader.reply_to(msgspec.json.encode(question))
    assert reply.problem and reply.permanent is is_permanent
