"""A broad `except` stands at four boundaries only: REST, command line, magic, dispatcher tick."""

import re
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "jupyter_ext/nbyard"
# testing/ is what tests stand on, not what runs.
BOUNDARIES = ("rest/", "cli/", "magics.py", "dispatch/", "testing/")
PER_THOUSAND_LINES = 0.5


def test_broad_excepts_are_few_and_only_at_the_boundaries():
    places, lines = [], 0
    for module in PACKAGE.rglob("*.py"):
        text = module.read_text().splitlines()
        lines += len(text)
        places += [str(module.relative_to(PACKAGE)) for line in text if "noqa: BLE001" in line]
    assert [place for place in places if not place.startswith(BOUNDARIES)] == []
    assert len(places) <= max(4, PER_THOUSAND_LINES * lines / 1000)


def test_commands_print_only_through_clean_streams():
    """Foreign text never reaches a terminal unfiltered: `clean_streams` surrounds each command."""
    around = {"output/downloads.py", "output/progress.py", "output/clean_streams.py"}
    bypass = re.compile(
        r"stdout\.buffer|stderr\.buffer|__std(out|err)__|\bos\.write\(1|\.unchanged\b"
    )
    for module in (PACKAGE / "cli").rglob("*.py"):
        if str(module.relative_to(PACKAGE / "cli")) not in around:
            assert not bypass.search(module.read_text()), module
