"""The reason why a node cannot use the result of its last run."""

import msgspec
import pytest
from hypothesis import given

from nbyard.domain.caching.explanation import explain_rerun
from nbyard.domain.digest import canonical_text
from nbyard.reasons.structs import because

from ..test_digest import KEY, PARTS


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"code": "c2"}, "its code changed"),
        ({"values": {"alpha": 0.7}}, "alpha changed 0.5 → 0.7"),
        ({"values": {}}, "alpha is no longer set (0.5)"),
        ({"values": {"alpha": 0.5, "seed": None}}, "seed is set to null"),
        ({"values": {"alpha": 0.5, "{old}": "{new}"}}, '{old} is set to "{new}"'),
        ({"inputs": {"raw": "sha256:9"}}, "the data of raw changed"),
        ({"inputs": {}}, "raw is no longer connected"),
        ({"inputs": {**KEY.inputs, "more": "sha256:1"}}, "more is now connected"),
        (
            {"inputs": {"raw": "sha256:9"}, "files": {"lib.py": "sha256:9"}},
            "the data of raw changed; the file lib.py changed",
        ),
        ({"files": {"lib.py": "sha256:9"}}, "the file lib.py changed"),
        ({"environment": "e2"}, "its environment changed"),
        ({"declaration": "d2"}, "its declaration changed"),
    ],
)
def test_each_changed_part_is_named(changed, words):
    new = msgspec.structs.replace(KEY, **changed)
    assert new.key() != KEY.key()
    assert str(explain_rerun(KEY, new)) == words


def test_the_first_run_and_long_lists_of_changes():
    assert explain_rerun(None, KEY) == because("no-earlier-result")
    many = msgspec.structs.replace(KEY, files={f"f{i}": "x" for i in range(9)})
    assert str(explain_rerun(KEY, many)).count(";") == 4
    long = msgspec.structs.replace(KEY, values={"alpha": "x" * 500})
    assert len(str(explain_rerun(KEY, long))) < 80


def test_a_changed_environment_says_what_changed():
    """Both environments are described, as far as they are known."""
    new = msgspec.structs.replace(KEY, environment="other")
    had, has = {"numpy": "2.3", "tqdm": "4"}, {"numpy": "2.4", "Polars": "2.1"}
    assert str(explain_rerun(KEY, new)) == "its environment changed"
    assert str(explain_rerun(KEY, new, had, None)) == "its environment changed"
    words = "its environment has numpy 2.4 instead of 2.3, gained Polars 2.1, lost tqdm 4"
    assert str(explain_rerun(KEY, new, had, has)) == words
    many = {f"package{n}": "1" for n in range(9)}
    assert str(explain_rerun(KEY, new, had, had | many)).endswith("package2 1, and 6 more")


def test_a_file_that_is_also_an_input_is_named_once():
    old = msgspec.structs.replace(KEY, files={"raw.csv": "sha256:1", "a.py": "sha256:1"})
    new = msgspec.structs.replace(
        old, inputs={"raw": "sha256:2"}, files={"raw.csv": "sha256:2", "a.py": "sha256:3"}
    )
    changes = because("input-changed", name="raw"), because("file-changed", name="a.py")
    assert str(explain_rerun(old, new)).split("; ") == [*map(str, changes)]


def test_many_changes_are_counted():
    new = msgspec.structs.replace(KEY, values={f"n{at}": at for at in range(7)})
    assert str(explain_rerun(KEY, new)).endswith("; n2 is set to 2; and 4 more")


@given(PARTS, PARTS)
def test_nothing_changed_exactly_where_all_parts_are_equal(one, other):
    same = canonical_text(one) == canonical_text(other)
    assert (explain_rerun(one, other).code == "result-not-kept") is same
