"""The text of the unit, read as systemd and cron read it."""

import subprocess
import sys
from pathlib import Path
from shutil import which

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.host.user_unit import DispatcherStart, store_of, unit_text

STORE = Path("/home/ann/my store")
START = DispatcherStart("/opt/py/bin/python", STORE, {"NBYARD_STORE_DIR": str(STORE)})
PRINTABLE = st.text(st.characters(codec="utf-8"), max_size=20).filter(str.isprintable)
AWKWARD = '100% "of" $HOME\'s \\n `id` ; é'


def unquoted(text: str) -> str:
    """Read a quoted word as systemd does."""
    assert text[0] == text[-1] == '"'
    read, rest = [], iter(text[1:-1])
    for character in rest:
        assert character != '"'
        meant = next(rest) if character in "\\%" else character
        assert meant in {"\\": '\\"', "%": "%"}.get(character, meant)
        read.append(meant)
    return "".join(read)


def lines_of(text: str, key: str) -> list[str]:
    return [line.partition("=")[2] for line in text.splitlines() if line.startswith(f"{key}=")]


def test_the_unit_has_the_expected_text():
    text = unit_text(START)
    assert lines_of(text, "ExecStart") == ['"/opt/py/bin/python" -m nbyard.dispatch']
    assert lines_of(text, "Environment") == ['"NBYARD_STORE_DIR=/home/ann/my store"']
    assert lines_of(text, "StandardOutput") == ["append:/home/ann/my store/dispatcher.log"]
    assert lines_of(text, "Restart") == ["on-failure"]
    assert lines_of(text, "KillMode") == ["process"]
    assert lines_of(text, "EnvironmentFile") == []


@given(PRINTABLE)
def test_systemd_reads_each_value_unchanged(value: str):
    text = unit_text(DispatcherStart("/py", STORE, {"A": value, "B": "2"}))
    assert [unquoted(line) for line in lines_of(text, "Environment")] == [f"A={value}", "B=2"]


@given(PRINTABLE)
def test_systemd_reads_the_program_unchanged(name: str):
    command = lines_of(unit_text(DispatcherStart(f"/{name}", STORE, {})), "ExecStart")[0]
    word = command.removesuffix(" -m nbyard.dispatch")
    assert "$" not in word.replace("$$", "")
    assert unquoted(word).replace("$$", "$") == f"/{name}"


def test_the_file_with_secrets_is_named():
    start = DispatcherStart("/py", STORE, {}, Path("/home/ann/100%/x y"))
    assert lines_of(unit_text(start), "EnvironmentFile") == ["/home/ann/100%%/x y"]


@given(PRINTABLE)
def test_the_store_of_an_unedited_text_is_known(name: str):
    start = DispatcherStart("/py", Path(f"/{name}"), {"A": name})
    assert store_of(unit_text(start)) == str(Path(f"/{name}"))


@given(st.data())
def test_an_edited_text_is_not_owned(data: st.DataObject):
    lines = unit_text(START).splitlines(keepends=True)
    place = data.draw(st.integers(3, len(lines) - 1))
    edited = data.draw(st.sampled_from([[], ["Nice=5\n"], [lines[place], lines[place]]]))
    assert store_of("".join([*lines[:place], *edited, *lines[place + 1 :]])) is None


@pytest.mark.parametrize("text", ["", "[Service]\n", "# Store: /x\n"])
def test_another_text_is_not_owned(text: str):
    assert store_of(text) is None


@pytest.mark.skipif(which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_accepts_the_unit(tmp_path: Path):
    store = tmp_path / '100% "of" $HOME\'s st\\re'
    store.mkdir()
    start = DispatcherStart(
        sys.executable, store, {"NBYARD_STORE_DIR": str(store)}, tmp_path / "x y"
    )
    unit = tmp_path / "nbyard.service"
    unit.write_text(unit_text(start))
    words = ["systemd-analyze", "verify", "--man=no", str(unit)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert "nbyard.service" not in done.stderr and done.returncode == 0, done.stderr
