"""Why a file that lies beside the code did not travel with it."""

from pathlib import Path

import pytest
from msgspec import to_builtins

from nbyard.dispatch.attempts.outcomes.missing_file_reasons import (
    find_higher_in_bundle,
    find_outside_bundle,
    missing_file_reason,
)
from nbyard.reasons.structs import because
from nbyard.transfer.dataset_links import ResourceLinks


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("build/x.csv", "the rule build excludes it. Add the line !build to .nbyardignore to"),
        ("data/x.tmp", "the rule *.tmp excludes it. Add the line !data/x.tmp to .nbyardignore"),
        ("linked/x.csv", "linked is a link. Copy the files there, or pass them as an input"),
        ("data/x.csv", "the folder home is too large to copy as a whole. Create an empty file"),
    ],
)
def test_the_reason_names_the_remedy(tmp_path, place, words):
    home = tmp_path / "home"
    for folder in ("build", "data"):
        (home / folder).mkdir(parents=True)
    (home / ".nbyardignore").write_text("*.tmp\n")
    (home / "linked").symlink_to(tmp_path)
    assert words in str(missing_file_reason(home, place))


def test_a_dataset_in_a_link_folder_is_named_as_such(tmp_path):
    """Neither a rule nor a link is the cause."""
    links = ResourceLinks(tmp_path / "store", [tmp_path / "home/resources"])
    (tmp_path / "home").mkdir()
    links.link("d1", "x.csv", Path.touch)
    for place in ("resources", "resources/d1/x.csv"):
        assert missing_file_reason(tmp_path / "home", place) == because("file-is-dataset")
    (tmp_path / "home/resources/mine.csv").touch()
    left_out = missing_file_reason(tmp_path / "home", "resources/mine.csv")
    assert left_out == because("rule-leaves-out", rule="resources", path="resources")


@pytest.mark.parametrize("place", [".env", "certs/tls.pem", "local.nbvars", ".aws/config"])
def test_a_file_that_may_hold_secrets_is_named_as_such(tmp_path, place):
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).touch()
    assert missing_file_reason(tmp_path, place) == because("secret-left-out", path=place)


def test_a_path_from_the_root_is_named_relative_to_the_code(tmp_path):
    for place in ("data/x.csv", "src/notebooks/y.csv"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).touch()
    below = "src/notebooks"
    reason = find_higher_in_bundle(tmp_path, below, ["no.csv", "../x", "data/x.csv"])
    assert reason == because("file-is-higher", path="data/x.csv", use="../../data/x.csv")
    assert find_higher_in_bundle(tmp_path, below, ["no.csv", str(tmp_path / "data/x.csv")]) is None
    assert find_higher_in_bundle(tmp_path, "", ["data/x.csv"]) is None


def test_a_file_above_the_bundle_needs_a_project_and_its_path(tmp_path):
    base = tmp_path / "notebooks"
    for place in (base / "a.py", tmp_path / "data/x.csv"):
        place.parent.mkdir()
        place.touch()
    from_root, relative = (
        find_outside_bundle(base, "", [name], []) for name in ("data/x.csv", "../data/x.csv")
    )
    mark = because("mark-shared-folder", folder=str(tmp_path))
    assert relative is not None and relative.params["remedy"] == to_builtins(mark)
    both = because("remedy-and-path", remedy=mark, use="../data/x.csv")
    assert from_root is not None and from_root.params["remedy"] == to_builtins(both)
