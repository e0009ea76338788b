"""Checks of the files that an automation watches."""

from nbyard.domain.automations.file_patterns import path_pattern
from nbyard.domain.automations.structs import OnFile
from nbyard.domain.paging import check_range
from nbyard.errors import Invalid

LEAST_SETTLE, MOST_SETTLE = 0.1, 3600.0
MOST_FILES = 10_000


def check_file_event(on: OnFile) -> None:
    """Check pattern, changes and settle time.

    Raises:
        Invalid: a field is refused.
    """
    path_pattern(on.pattern)
    if not on.changes:
        raise Invalid.field("on.changes", "may not be empty")
    check_range("on.settle_seconds", on.settle_seconds, LEAST_SETTLE, MOST_SETTLE)
