"""The table of the benchmarks names each script and the date of its last measurement."""

import re
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
ROW = re.compile(r"^\| `([\w/]+\.\w+)` \|(.*)\|$", re.MULTILINE)
DATE = re.compile(r"\b20\d\d-\d\d-\d\d\b")


def section(title: str) -> str:
    text = (FOLDER / "README.md").read_text()
    return text.split(f"\n## {title}\n")[1].split("\n## ")[0]


def scripts() -> set[str]:
    return {path.name for path in FOLDER.iterdir() if path.suffix in (".py", ".mjs")}


def test_each_script_has_a_claim_and_each_claim_a_script():
    assert {name for name, _ in ROW.findall(section("Claims"))} == scripts()


def test_each_script_has_the_date_of_its_measurement():
    rows = ROW.findall(section("Last measured"))
    assert {name for name, _ in rows} == scripts()
    assert [name for name, cells in rows if not DATE.search(cells)] == []


def test_each_script_can_run_with_the_smallest_sizes():
    assert [name for name in scripts() if "--smallest" not in (FOLDER / name).read_text()] == []
