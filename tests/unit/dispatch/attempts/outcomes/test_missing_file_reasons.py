"""Why a file that lies beside the code did not travel with it."""

from pathlib import Path

import pytest

from nbyard.dispatch.attempts.outcomes.missing_file_reasons import missing_file_reason
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
def test_the_reason_says_what_to_do(tmp_path: Path, place: str, words: str) -> None:
    home = tmp_path / "home"
    for folder in ("build", "data"):
        (home / folder).mkdir(parents=True)
    (home / ".nbyardignore").write_text("*.tmp\n")
    (home / "linked").symlink_to(tmp_path)
    assert words in str(missing_file_reason(home, place))


def test_a_dataset_in_a_link_folder_is_named_as_such(tmp_path: Path) -> None:
    """D4: no rule and no link is at fault."""
    links = ResourceLinks(tmp_path / "store", [tmp_path / "home/resources"])
    (tmp_path / "home").mkdir()
    links.link("d1", "x.csv", Path.touch)
    for place in ("resources", "resources/d1/x.csv"):
        assert missing_file_reason(tmp_path / "home", place) == because("file-is-dataset")
    (tmp_path / "home/resources/mine.csv").touch()
    left_out = missing_file_reason(tmp_path / "home", "resources/mine.csv")
    assert left_out == because("rule-leaves-out", rule="resources", path="resources")


@pytest.mark.parametrize("place", [".env", "certs/tls.pem", "local.nbvars", ".aws/config"])
def test_a_file_that_may_hold_secrets_is_named_as_such(tmp_path: Path, place: str) -> None:
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).touch()
    assert missing_file_reason(tmp_path, place) == because("secret-left-out", path=place)
