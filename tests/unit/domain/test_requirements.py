"""Requirements files: understood, or refused by line (L2, L6, Q25)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.requirements import check_unprotected, hashes_of, name_of, read_requirements
from nbyard.errors import Invalid

DIGEST = "a" * 64


def test_comments_extras_markers_and_hashes():
    text = f"""
    # tools
    pandas[excel] >= 2 ; python_version > "3.9"   # rows
    numpy==1.26 \\
        --hash=sha256:{DIGEST} \\
        --hash=sha256:{DIGEST}
    """
    assert read_requirements(text) == [
        'pandas[excel]>=2; python_version > "3.9"',
        f"numpy==1.26 --hash=sha256:{DIGEST} --hash=sha256:{DIGEST}",
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--index-url http://evil", "--index-url is not allowed"),
        ("-e .", "-e is not allowed"),
        ("-r other.txt", "-r is not allowed"),
        ("--find-links=/x", "--find-links is not allowed"),
        ("cowsay --config-settings=x", "--config-settings is not allowed"),
        ("cowsay @ file:///etc", "given by an address"),
        ("cowsay @ git+https://x/y", "given by an address"),
        ("./here", "line 2"),
        ("https://x/y.whl", "line 2"),
        ("cowsay==6.1; rm -rf /", "line 2"),
        (f"cowsay==1 --hash=md5:{DIGEST}", "--hash is not allowed"),
    ],
)
def test_what_is_refused_names_line_and_reason(line, said):
    with pytest.raises(Invalid) as caught:
        read_requirements(f"pandas\n{line}\n")
    assert said in caught.value.message and "line 2" in caught.value.message
    assert caught.value.details[0].path == "requirements.2"


def test_all_wrong_lines_are_named():
    with pytest.raises(Invalid) as caught:
        read_requirements("-e .\nok\n-r x\n")
    assert [detail.path for detail in caught.value.details] == ["requirements.1", "requirements.3"]


@given(st.text())
def test_any_text_is_read_or_refused_and_reading_is_stable(text):
    try:
        found = read_requirements(text)
    except Invalid:
        return
    assert all("\n" not in line and not line.startswith("-") for line in found)
    assert read_requirements("\n".join(found)) == found


def test_names_are_compared_in_their_normal_form():
    assert name_of("My_Cow[x]>=1; python_version > '3'") == name_of("my.cow") == "my-cow"
    assert name_of(f"cow==1 --hash=sha256:{DIGEST}") == "cow"
    with pytest.raises(Invalid):
        name_of("./cow")


def test_hashes_of_a_line():
    assert hashes_of(f"cow==1 --hash=sha256:{DIGEST}") == (f"sha256:{DIGEST}",)
    assert hashes_of("cow==1") == ()


@pytest.mark.parametrize("line", ["pip==0.1", "PIP", "uv>1"])
def test_what_installs_is_not_installed(line):
    with pytest.raises(Invalid, match="is not to be installed"):
        check_unprotected(["cow", line])
    check_unprotected(["cow", "pipdeptree", "setuptools"])
