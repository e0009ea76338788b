"""What is asked of a worker, of what the workers declare."""

import pytest

from nbyard.errors import Unavailable
from nbyard.runtimes.dask.runtime import needed

GPU = {"GPU": 1.0}
LARGE = {"MEMORY": 64e9}
WISH = {"cpu": 2.0, "memory": 32e9, "gpu": 1}


def test_what_nobody_declares_is_not_asked_for() -> None:
    """R12."""
    assert needed({**WISH, "gpu": None}, [GPU, {}]) == {}
    assert needed({**WISH, "gpu": None}, [GPU, LARGE]) == {"MEMORY": 32e9}


def test_a_gpu_always_is() -> None:
    """R11: by whatever case it is called."""
    with pytest.raises(Unavailable, match="no Dask worker declares a GPU"):
        needed(WISH, [LARGE])
    assert needed(WISH, [{"gpu": 2.0}]) == {"gpu": 1.0}


def test_one_worker_has_to_have_all_of_it() -> None:
    """R12: else it would wait there for ever, behind workers that are free."""
    words = r"no Dask worker has GPU=1 with MEMORY=3.2e\+10 \(the most is GPU=1, MEMORY=6.4e\+10\)"
    with pytest.raises(Unavailable, match=words):
        needed(WISH, [GPU, LARGE])
    assert needed(WISH, [GPU, LARGE, {**GPU, **LARGE}]) == {"GPU": 1.0, "MEMORY": 32e9}


def test_more_than_any_has_is_told_with_the_most() -> None:
    with pytest.raises(Unavailable, match=r"has CPU=2 \(the most is CPU=1\)"):
        needed({**WISH, "gpu": None}, [{"CPU": 1.0}, {"CPU": 0.5}])
