"""Dockerfile text (E11, I24)."""

from nbyard.images.dockerfile import build_files

WHOLE = """\
# Made by nbyard. The base image is an argument; the packages are in the files beside this one.
ARG BASE
FROM ${BASE}
USER 0:0
ENV PIP_BREAK_SYSTEM_PACKAGES=1 \\
    PIP_DISABLE_PIP_VERSION_CHECK=1 \\
    PIP_NO_CACHE_DIR=1 \\
    PIP_ROOT_USER_ACTION=ignore
COPY ["notebooks.txt", "/nbyard/image/"]
RUN ["python3", "-m", "pip", "install", "--requirement", "/nbyard/image/notebooks.txt"]
COPY ["requirements.txt", "/nbyard/image/"]
RUN ["python3", "-m", "pip", "install", "--requirement", "/nbyard/image/requirements.txt"]
USER 65534:65534
"""


def test_the_whole_text():
    """Equal input, equal bytes."""
    assert build_files(["a==1"], for_notebooks=True)["Dockerfile"] == WHOLE


def test_no_word_of_the_user_is_in_it():
    nasty = 'x==1 --hash=sha256:"]\nRUN touch /tmp/nby_canary'
    files = build_files([nasty], for_notebooks=False)
    assert "canary" not in files["Dockerfile"] and "canary" in files["requirements.txt"]


def test_nothing_to_install_is_the_base_for_another_user():
    files = build_files([], for_notebooks=False)
    assert list(files) == ["Dockerfile"] and "RUN" not in files["Dockerfile"]
    assert files["Dockerfile"].endswith("USER 65534:65534\n")


def test_requirements_come_after_what_notebooks_need():
    """What a lock pins is what is there in the end."""
    text = build_files(["a==1"], for_notebooks=True)["Dockerfile"]
    assert text.index("notebooks.txt") < text.index("requirements.txt")
