"""The text of Dockerfiles."""

import locale
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.images.dockerfile_parser import base_images, parse_instructions
from nbyard.domain.images.structs import MARKER, ImageSpec, Recipe, check_recipe, own_lines
from nbyard.errors import Invalid
from nbyard.images.dockerfile_writer import build_files

pytestmark = pytest.mark.slow


def test_local_folders_are_refused():
    """An image can install only from an index or a URL."""
    lines = ["--index-url https://packages.test", "cow @ file:///w/cow-1.0-py3-none-any.whl --hash"]
    with pytest.raises(Invalid, match=r"file:///w/cow-1.0-py3-none-any.whl: an image"):
        build_files(ImageSpec(Recipe(), lines))
    assert build_files(ImageSpec(Recipe(), lines[:1]))["requirements.txt"] == f"{lines[0]}\n"


def test_a_folder_of_a_lock_is_installed_from_the_context():
    """The folder follows its dependencies, under its own name."""
    tree = f"tree:{'a' * 64}"
    lines = ["grass==1.5", f"-e file:///srv/my_cow  # My_Cow==1.0 {tree}"]
    files = build_files(ImageSpec(Recipe(for_notebooks=False), lines))
    assert files["requirements.txt"] == "grass==1.5\n"
    place = "/nbyard/image/packages/my-cow"
    python = 'RUN ["/opt/nbyard/bin/python", "-m", "pip", "install"'
    installed = f"""\
{python}, "--requirement", "/nbyard/image/requirements.txt"]
COPY ["packages/my-cow", "{place}"]
{python}, "--no-deps", "{place}"]
"""
    assert installed in files["Dockerfile"]
    alone = build_files(ImageSpec(Recipe(for_notebooks=False), lines[1:]))
    assert set(alone) == {"Dockerfile"}
    assert "\n".join(installed.splitlines()[1:]) in alone["Dockerfile"]
    with pytest.raises(Invalid, match="through an environment"):
        build_files(ImageSpec(Recipe(), ["-e file:///srv/my_cow"]))


WHOLE = f"""\
# Made by nbyard; the packages are in the files beside this one.
# Digest of the lines above the marker: 4166073566bb56c6
ARG BASE=python:3.11-slim

FROM ${{BASE}} AS system
USER 0:0
LABEL nbyard.image="environment"
ENV LANG="C.UTF-8"
RUN apt-get update \\
    && apt-get install --yes --no-install-recommends \\
        git \\
        libgomp1 \\
    && rm -rf /var/lib/apt/lists/*

# What builds packages stays behind in this stage.
FROM system AS build
RUN apt-get update \\
    && apt-get install --yes --no-install-recommends \\
        gcc \\
    && rm -rf /var/lib/apt/lists/*
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN ["python3", "-m", "venv", "--system-site-packages", "--without-pip", "/opt/nbyard"]
COPY ["notebooks.txt", "/nbyard/image/"]
RUN ["/opt/nbyard/bin/python", "-m", "pip", "install", "--requirement", "/nbyard/image/notebooks.txt"]
COPY ["requirements.txt", "/nbyard/image/"]
RUN ["/opt/nbyard/bin/python", "-m", "pip", "install", "--requirement", "/nbyard/image/requirements.txt"]

FROM system
COPY --from=build ["/opt/nbyard", "/opt/nbyard"]
ENV PATH="/opt/nbyard/bin:${{PATH}}"
COPY --chown=1089:1090 ["project", "/project"]
WORKDIR /project
LABEL team="sea"
USER 1089:1090
{MARKER}
RUN ["true"]
"""  # noqa: E501
RECIPE = Recipe(
    system_packages=["libgomp1", "git"],
    build_packages=["gcc"],
    uid=1089,
    gid=1090,
    variables={"LANG": "C.UTF-8"},
    labels={"team": "sea"},
    own='RUN ["true"]\n',
)
SPEC = ImageSpec(RECIPE, ["a==1"], "python:3.11-slim", has_project=True)
names = st.lists(st.from_regex(r"[a-z]{2,8}", fullmatch=True), max_size=5)
texts = st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), st.text(), max_size=4)
recipes = st.builds(
    Recipe,
    system_packages=names,
    build_packages=names,
    uid=st.integers(1, 2**31 - 1),
    variables=texts,
    labels=texts,
    for_notebooks=st.booleans(),
    cuda=st.sampled_from(["", "12.4.1", "12.6"]),
)


def text_of(spec: ImageSpec) -> str:
    return build_files(spec)["Dockerfile"]


def test_the_dockerfile_has_the_expected_text():
    """Equal input, equal bytes."""
    assert text_of(SPEC) == WHOLE


OTHERWISE = """
import sys
sys.path[:0] = [{path!r}]
from test_dockerfile_writer import SPEC, text_of
sys.stdout.buffer.write(text_of(SPEC).encode())
"""


@pytest.mark.parametrize("language", ["C", "tr_TR.UTF-8"])
def test_neither_locale_nor_clock_nor_hash_seed_change_a_byte(language):
    told = {"LC_ALL": language, "TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "4711"}
    code = OTHERWISE.format(path=str(Path(__file__).parent))
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **told}, capture_output=True, check=True
    )
    assert done.stdout == WHOLE.encode()
    assert locale.getlocale() is not None


@given(recipes, st.randoms())
def test_the_order_of_settings_does_not_matter(recipe, random):
    other = Recipe(
        **{
            **{name: getattr(recipe, name) for name in recipe.__struct_fields__},
            "system_packages": random.sample(recipe.system_packages, len(recipe.system_packages)),
            "variables": dict(reversed(recipe.variables.items())),
            "labels": dict(reversed(recipe.labels.items())),
        }
    )
    assert text_of(ImageSpec(recipe)) == text_of(ImageSpec(other))


@given(recipes)
def test_accepted_values_give_only_the_expected_instructions(recipe):
    try:
        check_recipe(recipe)
    except Invalid:
        return
    found = [one.keyword for one in parse_instructions(text_of(ImageSpec(recipe, ["a==1"])))]
    assert found.count("FROM") == 3 and found[0] == "ARG" and found[-1] == "USER"
    assert found.count("LABEL") == 1 + len(recipe.labels)
    packages = bool(recipe.system_packages or recipe.cuda) + bool(recipe.build_packages)
    assert found.count("RUN") == packages + 2 + recipe.for_notebooks
    kinds = {"ARG", "FROM", "USER", "LABEL", "ENV", "RUN", "COPY"}
    assert set(found) <= kinds


@given(st.text(), recipes)
def test_own_lines_are_kept_when_settings_change(own, recipe):
    written = text_of(ImageSpec(Recipe(own=own, system_packages=["git"]), ["a==1"]))
    assert own_lines(written, text_of(ImageSpec(recipe))) == own


@given(st.data())
def test_a_changed_line_above_the_marker_is_named(data):
    """It would be lost: what stands there is made anew."""
    now = text_of(SPEC)
    lines = now.partition(MARKER)[0].splitlines()
    number = data.draw(st.integers(1, len(lines)))
    line = data.draw(st.from_regex(r"[ -~]{0,20}", fullmatch=True).filter(lambda x: x not in lines))
    lines[number - 1 : number - data.draw(st.booleans())] = [line]
    changed = "\n".join([*lines, MARKER, "RUN moo", ""])
    with pytest.raises(Invalid, match=f"^Line {number} was changed") as refused:
        own_lines(changed, now)
    assert "below the marker" in refused.value.hint
    was = text_of(ImageSpec(Recipe(), ["a==1"]))
    with pytest.raises(Invalid, match="above the marker"):
        own_lines(changed, was)


def test_a_file_without_the_marker_is_refused():
    with pytest.raises(Invalid, match="line '# --- Below"):
        own_lines("FROM x\nRUN moo\n", WHOLE)


def test_the_dockerfile_contains_no_requirement():
    nasty = 'x==1 --hash=sha256:"]\nRUN touch /tmp/nby_canary'
    files = build_files(ImageSpec(Recipe(for_notebooks=False), [nasty]))
    assert "canary" not in files["Dockerfile"] and "canary" in files["requirements.txt"]


def test_without_packages_the_base_gets_another_user():
    files = build_files(ImageSpec(Recipe(for_notebooks=False)))
    assert list(files) == ["Dockerfile"] and "RUN" not in files["Dockerfile"]
    assert files["Dockerfile"].endswith(f"USER 65534:65534\n{MARKER}\n")


def test_requirements_follow_notebook_packages():
    """What a lock pins is what is there in the end."""
    text = text_of(ImageSpec(Recipe(), ["a==1"]))
    assert text.index("notebooks.txt") < text.index("requirements.txt")


def test_packages_with_hashes_are_always_installed():
    """pip checks no hash of what is installed already."""
    locked = text_of(ImageSpec(Recipe(), [f"a==1 --hash=sha256:{'0' * 64}"]))
    again = '"--force-reinstall", "--no-deps", "--requirement", "/nbyard/image/requirements.txt"]'
    assert again in locked and locked.count("force-reinstall") == 1
    assert "force-reinstall" not in text_of(ImageSpec(Recipe(), ["a==1"]))


def test_a_version_of_cuda_chooses_the_base_and_brings_python():
    text = text_of(ImageSpec(Recipe(cuda="12.4.1"), base="python:3.11-slim"))
    assert base_images(text, {}) == ["nvidia/cuda:12.4.1-runtime-ubuntu22.04"]
    assert 'NVIDIA_REQUIRE_CUDA="cuda>=12.4"' in text and "        python3-pip" in text
    own = text_of(ImageSpec(Recipe(cuda="12.4.1", base="own:1")))
    assert base_images(own, {}) == ["own:1"] and "python3-pip" not in own
