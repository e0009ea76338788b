"""Room for deletions on a full disk."""

from pathlib import Path

import pytest

from nbyard.store.database import integrity
from nbyard.store.database.integrity import RESERVE, RESERVE_BYTES, Reserve


def test_the_reserve_is_released_only_on_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Reserve(tmp_path)
    kept.keep()
    assert (tmp_path / RESERVE).stat().st_size == RESERVE_BYTES
    kept.spend()
    assert (tmp_path / RESERVE).exists()
    monkeypatch.setattr(integrity, "RESERVE_BYTES", 1 << 62)
    kept.spend()
    assert not (tmp_path / RESERVE).exists()


def test_the_reserve_is_created_only_with_enough_space(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(integrity, "PLENTY_BYTES", 1 << 62)
    Reserve(tmp_path).keep()
    assert not (tmp_path / RESERVE).exists()
