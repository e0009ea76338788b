"""Cache keys: the same for the same things, and in words where they differ."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.arguments.structs import Argument
from nbyard.domain.digest import KeyParts, canonical_text, digest_of

NAMES = st.text("abcxyz_{}", min_size=1, max_size=6)
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
VALUES = st.dictionaries(NAMES, PLAIN | st.lists(PLAIN, max_size=3), max_size=5)
DIGESTS = st.dictionaries(NAMES, st.sampled_from(["sha256:1", "sha256:2"]), max_size=4)
WORDS = st.sampled_from(["one", "two"])
PARTS = st.builds(KeyParts, WORDS, VALUES, DIGESTS, DIGESTS, WORDS, WORDS)
KEY = KeyParts("c", {"alpha": 0.5}, {"raw": "sha256:1"}, {"lib.py": "sha256:2"}, "e", "d")


@given(VALUES, st.randoms())
def test_order_of_keys_does_not_matter(values, random):
    names = list(values)
    random.shuffle(names)
    shuffled = {name: values[name] for name in names}
    assert digest_of({"nested": shuffled}) == digest_of({"nested": values})


@given(PARTS, PARTS)
def test_keys_are_equal_only_if_all_parts_are(one, other):
    """An unchanged node has the key of its last run."""
    same = canonical_text(one) == canonical_text(other)
    assert (one.key() == other.key()) is same


@pytest.mark.parametrize(("old", "new"), [(1, True), (1, 1.0), (0, False), (0.0, -0.0), ("1", 1)])
def test_values_that_python_treats_as_equal_are_distinguished(old, new):
    one = msgspec.structs.replace(KEY, values={"n": old})
    other = msgspec.structs.replace(KEY, values={"n": new})
    assert one.key() != other.key()


def test_structs_are_objects_and_any_file_name_has_a_digest():
    assert canonical_text(Argument("a", default=None)) == '{"default":null,"name":"a"}'
    assert digest_of({"file": "\udcff.csv"}).startswith("sha256:")
    assert digest_of({"é": 1}) == digest_of({"é": 1}) != digest_of({"e": 1})
