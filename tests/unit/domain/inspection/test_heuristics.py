"""First guesses from names and comments."""

import pytest

from nbyard.domain.inspection.heuristics import Comment, Guess, guess_role, read_comment


@pytest.mark.parametrize(
    ("text", "comment"),
    [
        ("input: csv", Comment("", "input", "csv")),
        ("Output: .JSON", Comment("", "output", "json")),
        ("input", Comment("", "input")),
        ("output", Comment("", "output")),
        ("value", Comment("", "value")),
        ("input: csv - the raw table", Comment("the raw table", "input", "csv")),
        ("input: xlsx, as exported", Comment("as exported", "input", "excel")),
        ("input: folder", Comment("", "input", "folder")),
        ("input: file", Comment("", "input", "")),
        ("output - where it goes", Comment("where it goes", "output")),
        ("output: model", Comment("", "output", output_class="model")),
        ("output: metrics, of the test", Comment("of the test", "output", output_class="metrics")),
        ("input: model", Comment("", "input")),
        ("input: the raw table of people", Comment("the raw table of people", "input")),
        ("input file of the model", Comment("input file of the model")),
        ("outputs are large", Comment("outputs are large")),
        ("type: int how many", Comment("how many", None, "", "int")),
        ("type: str input: csv", Comment("", "input", "csv", "str")),
        ("", Comment()),
    ],
)
def test_comments(text: str, comment: Comment) -> None:
    assert read_comment(text) == comment


@pytest.mark.parametrize(
    ("name", "default", "guess"),
    [
        ("input_path", "a.csv", Guess("input", "csv")),
        ("input_csv", "", Guess("input", "csv")),
        ("in_file", None, Guess("input")),
        ("raw_input", "", Guess("input")),
        ("output_path", "out.parquet", Guess("output", "parquet")),
        ("output_dir", "out", Guess("output", "folder")),
        ("out_json", "", Guess("output", "json")),
        ("data_path", "data.csv", Guess("input", "csv")),
        ("data_path", "", Guess("input")),
        ("dataPath", "data.csv", Guess("input", "csv")),
        ("OUTPUT_DIR", "out", Guess("output", "folder")),
        ("INPUT_CSV", "", Guess("input", "csv")),
        ("DATA_URL", "data.csv", Guess()),
        ("dataURL", "data.csv", Guess()),
        ("CSVFile", "a.csv", Guess("input", "csv")),
        ("result_path", "r.json", Guess("output", "json")),
        ("save_to", "m.pkl", Guess("output", "pickle")),
        ("model_file", "m.pkl", Guess("input", "pickle")),
        ("train_csv", "t.csv", Guess("input", "csv")),
        ("path", "x.csv", Guess("input", "csv")),
        ("data_folder", "data", Guess("input", "folder")),
        ("name", "x", Guess()),
        ("title", "report.csv", Guess()),
        ("report", "monthly", Guess()),
        ("input_format", "csv", Guess()),
        ("output_mode", "append", Guess()),
        ("file_path", "word", Guess()),
        ("csv", "x", Guess()),
        ("data_path", "https://example.org/a.csv", Guess()),
        ("_", "x", Guess()),
        ("größe", "x", Guess()),
    ],
)
def test_names(name: str, default: str | None, guess: Guess) -> None:
    assert guess_role(name, default, False, False) == guess


def test_a_comment_or_a_path_type_is_certain() -> None:
    assert guess_role("model_path", "word", True, False).role == "input"
    assert guess_role("model", "word", False, True).role == "input"
    assert guess_role("report", "word", False, True).role == "output"
