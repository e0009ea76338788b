"""What comparisons know about an output."""

from .records import output


def test_a_notebook_is_compared_by_its_picture_and_others_by_their_bytes() -> None:
    assert output("1").compared == "sha256:1"
    assert output("1", "executed.ipynb", picture="sha256:p").compared == "sha256:p"
