"""Refusals that name the field of a request."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from nbyard.errors import Invalid, NbyardError


@contextmanager
def refused_at(
    path: str,
    error: type[NbyardError] | tuple[type[NbyardError], ...] = Invalid,
    match: str | None = None,
) -> Iterator[pytest.ExceptionInfo[NbyardError]]:
    """Expect an error whose only field is at this path."""
    with pytest.raises(error, match=match) as refused:
        yield refused
    assert [detail.path for detail in refused.value.details] == [path]
