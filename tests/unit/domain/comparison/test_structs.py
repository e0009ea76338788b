"""The answers of comparisons as clients see them."""

import msgspec

from nbyard.domain.comparison.structs import Cause, DatasetLink, Explanation
from nbyard.reasons.structs import because

from .records import code, run


def test_an_explanation_survives_the_way_to_a_client() -> None:
    cause = Cause(
        "code", "a", "A", 0, "n.ipynb", because("cell-changed", cell=2), "x", "y", 2,
        [code(), code("new", 2)], DatasetLink("d", "sea", 1, 2),
    )  # fmt: skip
    found = Explanation(run(1), run(2), [], [cause])
    assert msgspec.json.decode(msgspec.json.encode(found), type=Explanation) == found
