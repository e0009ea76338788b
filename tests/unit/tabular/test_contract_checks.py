"""Rules of contracts against tables of all formats, with counts and counter-examples."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

from nbyard.domain.contracts.structs import Breach, CheckedFile, Contract, ContractQuestion
from nbyard.tabular import TableFile, Tables
from nbyard.tabular.contract_checks import check_contract

NOW = datetime.now(UTC)
FRAME = pl.DataFrame(
    {
        "id": [1, 2, 3, 3, 5],
        "price": [1.5, -2.0, None, 4.0, 900.0],
        "shop": ["north", "south", "west", None, "north"],
        "day": [NOW.date() - timedelta(days=ago) for ago in (9, 8, 7, 6, 5)],
    }
)
FORMATS = ("csv", "parquet", "jsonl", "json", "arrow")


def written(folder: Path, suffix: str, frame: pl.DataFrame = FRAME, name: str = "table") -> Path:
    path = folder / f"{name}.{suffix}"
    if suffix in ("jsonl", "json"):
        frame = frame.with_columns(pl.col(pl.Date).cast(pl.String))
    write: dict[str, Callable[[Path], object]] = {
        "csv": frame.write_csv,
        "parquet": frame.write_parquet,
        "jsonl": frame.write_ndjson,
        "json": frame.write_json,
        "arrow": frame.write_ipc,
    }
    write[suffix](path)
    return path


def breaches(
    path: Path,
    *rules: dict[str, Any],
    metrics: dict[str, float | str] | None = None,
    references: dict[str, Path] | None = None,
    last: Path | None = None,
) -> list[Breach]:
    def checked(file: Path) -> CheckedFile:
        folder = file.parent / f"kept-{file.name}"
        folder.mkdir(exist_ok=True)
        return CheckedFile(str(file), file.name, str(folder), metrics or {})

    others = {name: checked(other) for name, other in (references or {}).items()}
    contract = msgspec.convert(rules, Contract)
    question = ContractQuestion(
        contract, NOW.timestamp(), {}, others, checked(last) if last else None
    )
    return check_contract(checked(path), question)


KEPT: list[dict[str, Any]] = [
    {"rule": "columns", "columns": ["id", "price", "shop", "day"], "closed": True},
    {"rule": "type", "column": "price", "type": "float"},
    {"rule": "type", "column": "shop", "type": "string"},
    {"rule": "nulls", "column": "shop", "most": 0.2},
    {"rule": "nulls", "column": "id"},
    {"rule": "range", "column": "price", "min": -2, "max": 900},
    {"rule": "range", "column": "day", "min": "2020-01-01"},
    {"rule": "unique", "columns": ["id", "price"]},
    {"rule": "values", "column": "shop", "values": ["north", "south", "west"]},
    {"rule": "values", "column": "id", "values": [1, 2, 3, 5]},
    {"rule": "rows", "min": 5, "max": 5},
    {"rule": "fresh", "column": "day", "hours": 24 * 6},
]


@pytest.mark.parametrize("suffix", FORMATS)
def test_kept_rules_have_no_breach(tmp_path: Path, suffix: str) -> None:
    assert breaches(written(tmp_path, suffix), *KEPT) == []


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize(
    ("rule", "count", "examples"),
    [
        ({"rule": "nulls", "column": "shop"}, 1, ["#4"]),
        ({"rule": "range", "column": "price", "min": 0, "max": 10}, 2, ["#2: -2", "#5: 900"]),
        ({"rule": "range", "column": "day", "max": "2020-01-01"}, 5, None),
        (
            {"rule": "range", "column": "shop", "min": 0},
            4,
            ["#1: north", "#2: south", "#3: west", "#5: north"],
        ),
        ({"rule": "unique", "columns": ["id"]}, 1, ["#3: 3", "#4: 3"]),
        ({"rule": "values", "column": "shop", "values": ["north", "south"]}, 1, ["#3: west"]),
    ],
)
def test_broken_rules_name_column_count_and_examples(
    tmp_path: Path, suffix: str, rule: dict[str, Any], count: int, examples: Any
) -> None:
    [breach] = breaches(written(tmp_path, suffix), rule)
    reason = breach.reason
    assert (reason.code, reason.params["rule"]) == ("rule-rows-broken", rule["rule"])
    assert (reason.params["count"], reason.params["rows"]) == (count, 5)
    assert examples is None or reason.params["examples"] == examples


def test_at_most_five_examples(tmp_path: Path) -> None:
    path = written(tmp_path, "parquet", pl.DataFrame({"n": range(100)}))
    [breach] = breaches(path, {"rule": "range", "column": "n", "max": 9})
    assert breach.reason.params["count"] == 90
    assert breach.reason.params["examples"] == [
        "#11: 10",
        "#12: 11",
        "#13: 12",
        "#14: 13",
        "#15: 14",
    ]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_broken_rules_on_tables(tmp_path: Path, suffix: str) -> None:
    path = written(tmp_path, suffix)
    broken: list[tuple[dict[str, Any], str]] = [
        ({"rule": "columns", "columns": ["id", "name"]}, "columns-missing"),
        ({"rule": "columns", "columns": ["id"], "closed": True}, "columns-unexpected"),
        ({"rule": "range", "column": "gone", "min": 1}, "columns-missing"),
        ({"rule": "type", "column": "shop", "type": "int"}, "rule-type"),
        ({"rule": "rows", "min": 6}, "rule-figure"),
        ({"rule": "fresh", "column": "day", "hours": 24}, "rule-figure"),
    ]
    for rule, code in broken:
        assert [b.reason.code for b in breaches(path, rule)] == [code], rule


def test_the_values_of_another_type_are_examples(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("n\n1\n2\nunknown\n4\n")
    [breach] = breaches(path, {"rule": "type", "column": "n", "type": "int"})
    assert breach.reason.params["examples"] == ["#3: unknown"]


def test_a_missing_column_is_one_breach(tmp_path: Path) -> None:
    rules: list[dict[str, Any]] = [
        {"rule": "nulls", "column": "x"},
        {"rule": "range", "column": "x", "min": 1},
    ]
    assert len(breaches(written(tmp_path, "csv"), *rules)) == 1


def test_references_name_the_unknown_values(tmp_path: Path) -> None:
    shops = written(tmp_path, "parquet", pl.DataFrame({"name": ["north", "south"]}), "shops")
    rule = {"rule": "reference", "column": "shop", "dataset": "shops", "other": "name"}
    [breach] = breaches(written(tmp_path, "csv"), rule, references={"shops": shops})
    assert breach.reason.params["examples"] == ["#3: west"]
    ids = {"rule": "reference", "column": "id", "dataset": "ids"}
    other = written(tmp_path, "csv", pl.DataFrame({"id": [1.0, 2.0, 3.0, 5.0]}), "ids")
    assert breaches(written(tmp_path, "csv"), ids, references={"ids": other}) == []


@pytest.mark.parametrize("value", [0.7, "NaN", None])
def test_metrics_of_a_json_output_and_of_the_task(tmp_path: Path, value: Any) -> None:
    path = tmp_path / "scores.json"
    path.write_bytes(msgspec.json.encode({"accuracy": 0.9}))
    assert breaches(path, {"rule": "metric", "name": "accuracy", "min": 0.9}) == []
    recorded = {} if value is None else {"f1": value}
    rule = {"rule": "metric", "name": "f1", "min": 0.8}
    [breach] = breaches(path, rule, metrics=recorded)
    assert breach.reason.code == ("rule-figure-missing" if value is None else "rule-figure")


def test_figures_close_to_the_last_good_run(tmp_path: Path) -> None:
    now, last = written(tmp_path, "csv"), written(tmp_path, "csv", FRAME.head(4), "last")
    rows: dict[str, Any] = {"rule": "close", "figure": "rows"}
    mean: dict[str, Any] = {"rule": "close", "figure": "mean", "name": "price"}
    near: list[dict[str, Any]] = [rows | {"within": 0.25}, mean | {"within": 100}]
    assert breaches(now, *near, last=last) == []
    broken = breaches(now, rows, mean | {"within": 1}, last=last)
    assert [b.reason.params["name"] for b in broken] == ["rows", "price"]
    assert breaches(now, rows, mean, last=None) == []


def test_the_reader_process_compares_bytes(tmp_path: Path) -> None:
    rule = msgspec.convert([{"rule": "close", "figure": "content"}], Contract)
    path = written(tmp_path, "csv")
    files = [TableFile(path, path.name, key) for key in ("a", "b")]
    tables = Tables(tmp_path / "tables")
    assert tables.breaches(files[0], rule, {}, files[0]) == []
    assert len(tables.breaches(files[0], rule, {}, files[1])) == 1
    tables.close()


def test_names_that_look_like_patterns(tmp_path: Path) -> None:
    path = written(tmp_path, "parquet", pl.DataFrame({"^a.*$": [1, None], "*": [1, 2]}))
    [breach] = breaches(path, {"rule": "nulls", "column": "^a.*$"})
    assert breach.reason.params["examples"] == ["#2"]
