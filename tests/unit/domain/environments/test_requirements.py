"""Requirements files: understood, or refused by line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.environments.package_sources import SETTING, AllowedSources
from nbyard.domain.environments.requirements import (
    PROTECTED,
    address_of,
    applies,
    check_folders,
    folder_of,
    hashes_of,
    key_of,
    name_of,
    read_requirements,
    requirement_failed,
)
from nbyard.errors import Invalid, PolicyRefused
from nbyard.reasons.structs import because

ASK = f"an administrator allows addresses with {SETTING}"
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
        ("-e .", f"-e is not allowed: {ASK}"),
        ("-r other.txt", "-r is not allowed"),
        ("--find-links=/x", "--find-links is not allowed"),
        ("cowsay --config-settings=x", "--config-settings is not allowed"),
        ("cowsay @ file:///etc", "cowsay has an address, which"),
        ("cowsay @ git+https://x/y", "cowsay has an address, which"),
        ("./here", f"(name @ address) is not allowed: {ASK}"),
        ("https://x/y.whl", "an address (name @ address) is not allowed"),
        ("git+https://x/y", "an address (name @ address) is not allowed"),
        ("cow-1.0-py3-none-any.whl", "an address (name @ address) is not allowed"),
        ("cowsay==6.1; rm -rf /", "line 2"),
        ("notapkg===???", "line 2: 'notapkg===???': ??? is not a version such as 1.2"),
        (f"cowsay==1 --hash=md5:{DIGEST}", "--hash supports only sha256, sha384 and sha512"),
        ("cowsay==1 --hash=sha256:12", "--hash=sha256:<64 hex digits>"),
        ("cowsay==1 --global-option=x", "--global-option is not allowed here"),
    ],
)
def test_a_refusal_names_line_and_reason(line, said):
    with pytest.raises(Invalid) as caught:
        read_requirements(f"pandas\n{line}\n")
    assert said in caught.value.message and "line 2" in caught.value.message
    assert repr(line)[:70] in caught.value.message
    assert caught.value.details[0].path == "requirements.2"


ALLOWED = AllowedSources.parse(["https://packages.test/team", "file:///srv/wheels"])
WHEEL = "cow-1.0-py3-none-any.whl"


@pytest.mark.parametrize(
    ("line", "read"),
    [
        ("--index-url https://packages.test/team/", "--index-url https://packages.test/team"),
        ("-i https://packages.test/team", "--index-url https://packages.test/team"),
        ("--extra-index-url=https://packages.test/team/x", None),
        ("--find-links file:///srv/wheels", None),
        ("-f  file:///srv/wheels/", "--find-links file:///srv/wheels"),
        (f"cow@ https://packages.test/team/{WHEEL}", None),
        ("-e file:///srv/wheels/cow", None),
        ("--editable=file:///srv/wheels/cow/", "-e file:///srv/wheels/cow"),
        ("-e /srv/wheels/cow", "-e file:///srv/wheels/cow"),
        ("-e /srv/wheels/cow[milk, a.b]", "-e file:///srv/wheels/cow[milk,a.b]"),
        (f"cow@ file:///srv/wheels/{WHEEL} --hash=sha256:{DIGEST}", None),
    ],
)
def test_allowed_options_are_accepted(line, read):
    (found,) = read_requirements(line, ALLOWED)
    assert found.replace("cow @ ", "cow@ ") == (read or line.replace("-url=", "-url "))
    assert read_requirements(found, ALLOWED) == [found]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--index-url https://evil.test/team", "https://evil.test/team is not allowed"),
        ("--index-url", "must be a URL"),
        ("--index-url https://packages.test/team --pre", "spaces"),
        ("--trusted-host packages.test", "--trusted-host is not allowed"),
        ("-e file:///srv/wheelhouse", "file:///srv/wheelhouse is not allowed"),
        ("-e file:///srv/wheels/../x", ".."),
        ("-e ./cow", "-e needs the absolute path of a folder"),
        ("-e https://packages.test/team/cow", "-e needs the absolute path"),
        ("-e git+https://packages.test/team/cow", "-e needs the absolute path"),
        ("-e", "-e needs the absolute path"),
        ("-r file:///srv/wheels/r.txt", "write the lines"),
        (f"cow @ https://evil.test/{WHEEL}", "is not allowed"),
        (f"ant @ https://packages.test/team/{WHEEL}", "the address of ant belongs to cow"),
        ("cow @ https://packages.test/team/cow-1.0.tar.gz", "is not a wheel (.whl)"),
        ("cow @ git+https://packages.test/team/cow", "must begin with"),
        ("cow @ file:///srv/wheels", "is not a wheel (.whl)"),
        (f"https://packages.test/team/{WHEEL}", "must be written as name @ address"),
    ],
)
def test_other_options_are_refused_by_their_line(line, said):
    with pytest.raises(Invalid) as caught:
        read_requirements(f"pandas\n{line}", ALLOWED)
    assert said in caught.value.message
    assert [detail.path for detail in caught.value.details] == ["requirements.2"]


def test_a_later_line_replaces_an_earlier_one():
    assert key_of("--index-url https://a") == key_of("--index-url https://b")
    assert key_of("--find-links file:///a") != key_of("--find-links file:///b")
    assert key_of("-e file:///a/cow[milk]") == key_of("-e file:///a/cow") == "-e file:///a/cow"
    assert key_of("Cow>1") == "cow"
    assert address_of(f"cow @ file:///srv/{WHEEL} --hash=sha256:{DIGEST}") == f"file:///srv/{WHEEL}"
    assert address_of("cow>1") == address_of("--index-url https://a") == ""


def test_all_wrong_lines_are_named():
    with pytest.raises(Invalid) as caught:
        read_requirements("-e .\nok\n-r x\n")
    assert [detail.path for detail in caught.value.details] == ["requirements.1", "requirements.3"]


@given(st.text())
def test_any_text_is_read_stably_or_refused(text):
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
def test_installers_are_not_installed(line):
    with pytest.raises(PolicyRefused, match="a package installer") as caught:
        read_requirements(f"cow\n{line}", forbidden=PROTECTED)
    assert "line 2" in caught.value.message and line in caught.value.message
    text = "cow\npipdeptree\nsetuptools"
    assert read_requirements(text, forbidden=PROTECTED) == text.split()


def test_a_refused_line_is_shown_without_its_password():
    with pytest.raises(Invalid) as caught:
        read_requirements("ant\n--index-url https://ann:secret@h.test/simple\n" + "x y" * 99)
    told = [detail.message for detail in caught.value.details]
    shown = "'--index-url https://…@h.test/simple'"
    assert told[0].startswith(f"{shown}: the option --index-url") and told[0].endswith(ASK)
    assert caught.value.message == f"requirements, line 2: {told[0]}"
    assert told[1].startswith("'x yx y") and len(told[1]) < 300


def test_too_many_lines_are_refused_without_a_number():
    with pytest.raises(Invalid, match=r"^requirements: .* 10000 lines$"):
        read_requirements("a\n" * 10_001)


def test_folders_are_checked_again_at_installation():
    """The address may no longer be allowed."""
    lines = ["cow==1.0", "-e file:///srv/wheels/cow  # cow==1.0 tree:0"]
    assert [folder_of(line) for line in lines] == ["", "file:///srv/wheels/cow"]
    check_folders(lines, ALLOWED)
    with pytest.raises(Invalid, match="file:///srv/wheels/cow is not allowed"):
        check_folders(lines, AllowedSources())


@pytest.mark.parametrize(
    ("message", "named"),
    [
        (
            "Could not find a version that satisfies the requirement no-such==9 (from versions: 1)",
            "No_such==9",
        ),
        ("Because no-such was not found in the package registry and x, …", "No_such==9"),
        ("Because only numpy<=2 is available and you\nrequire numpy>=1, we can …", "numpy>=1"),
        ("Because old was not found … And because you require numpy>=1, we can", "numpy>=1"),
        ("Because there is no version of no-such==9 and x, …", "No_such==9"),
        ("No matching distribution found for numpy.", "numpy>=1"),
        ("Failed building wheel for numpy", "numpy>=1"),
        ("Failed to download and build `numpy==2.1`", "numpy>=1"),
        ("Failed to build 'numpy' when getting requirements to build wheel", "numpy>=1"),
        ("Package 'numpy' requires a different Python: 3.11 not in '>=3.12'", "numpy>=1"),
        # other packages fail, which the requirements need
        ("Failed building wheel for hdbscan", ""),
        ("The build backend failed to build wheel through `build_wheel`", ""),
        ("Failed building wheel for old\nModuleNotFoundError: No module named 'numpy'", ""),
        ("Could not find a version that satisfies the requirement numpy>=9 (from old)", ""),
        ("And because you require numpy>=1,<2 and no-such==9, we can conclude …", ""),
        ("no-such 9 depends on numpy<1", ""),
        ("no-such-other is missing", ""),
    ],
)
def test_a_failed_installation_names_its_requirement(message: str, named: str) -> None:
    cause = because("installer-failed", messages=[message])
    lines = ["--index-url https://x.test/no-such", "numpy>=1", "No_such==9 --hash=sha256:00"]
    lines.append("wheel")
    reason = requirement_failed(lines, cause)
    if named:
        assert str(reason) == f"The requirement {named} cannot be installed: {message}"
    else:
        assert reason == cause


def test_a_marker_holds_for_the_python_that_runs_the_code() -> None:
    line = "tomli>=2; python_version < '3.11' --hash=sha256:00"
    assert applies("tomli") and applies(line, "3.10.4")
    assert not applies(line, "3.12.1")
    assert applies("cow; python_full_version == '3.12.1'", "3.12.1")
