"""The tests of a kind of executable: subclass `KindConformance` in a test module.

class TestMine(KindConformance):
    good = ("a.mine", b"…")                       # a file of this kind
    other = b"…"                                  # a file with another effect
    broken = b"…"                                 # None if no file can be broken

    @pytest.fixture
    def kind(self): return MyKind()
"""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from nbyard.domain.arguments.structs import check_arguments
from nbyard.domain.attempts.structs import Work
from nbyard.domain.environments.structs import EnvironmentRef
from nbyard.errors import Invalid
from nbyard.kinds.protocol import Kind, Reading

HERE = EnvironmentRef(kernel="python3", language="python", interpreter="/usr/bin/python3")


class KindConformance:
    """The tests that every kind must pass."""

    good: tuple[str, bytes]
    other: bytes
    broken: bytes | None = None
    values: dict[str, Any] = {}  # noqa: RUF012

    def reading(self, kind: Kind) -> Reading:
        """Return the reading of the good file."""
        return kind.read(*self.good)

    def test_reading_tells_its_kind(self, kind: Kind) -> None:
        reading = self.reading(kind)
        assert reading.kind == kind.name
        check_arguments(reading.arguments)
        assert reading == kind.read(*self.good)

    def test_reading_needs_no_file(self, kind: Kind, tmp_path: Path) -> None:
        """Check that the content is enough: reading opens, writes and runs nothing."""
        kind.read(str(tmp_path / "nowhere" / self.good[0]), self.good[1])
        assert list(tmp_path.iterdir()) == []

    # The brackets nest more deeply than Python's recursion limit allows.
    @pytest.mark.parametrize("content", [b"", b"\x00", b"\xff\xfe", b"[" * 100_000, b"{}"])
    def test_any_bytes_are_read_or_refused(self, kind: Kind, content: bytes) -> None:
        try:
            reading = kind.read(self.good[0], content)
        except Invalid as error:
            assert error.details
        else:
            assert reading.kind == kind.name

    def test_broken_files_are_refused_with_a_place(self, kind: Kind) -> None:
        if self.broken is None:
            pytest.skip("no file of this kind is broken")
        with pytest.raises(Invalid) as refused:
            kind.read(self.good[0], self.broken)
        assert refused.value.details[0].path

    def test_work_is_data(self, kind: Kind) -> None:
        """Check that work survives a round trip through task.json."""
        work = kind.work(self.good[0], self.reading(kind), self.values, HERE)
        assert msgspec.json.decode(msgspec.json.encode(work), type=Work) == work

    def test_undeclared_values_are_refused(self, kind: Kind) -> None:
        """Check that unknown names are refused (Q1, I24)."""
        for name in ("nbyard_unknown", "x = 1\nimport os", ""):
            with pytest.raises(Invalid):
                kind.work(self.good[0], self.reading(kind), {**self.values, name: 1}, HERE)

    def test_digests(self, kind: Kind) -> None:
        digest = kind.code_digest(self.good[1])
        assert digest.startswith("sha256:") and digest == kind.code_digest(self.good[1])
        assert digest != kind.code_digest(self.other)
