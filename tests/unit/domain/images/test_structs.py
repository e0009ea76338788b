"""Descriptions and names of images."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.images.structs import (
    MARKER,
    REFERENCE,
    Recipe,
    add_digest_line,
    base_of,
    check_recipe,
    check_reference,
    default_reference,
    own_lines,
    push_target,
    quote_for_dockerfile,
    registry_of,
    registry_place,
    repository_of,
)
from nbyard.errors import Invalid


@pytest.mark.parametrize(
    ("recipe", "where"),
    [
        (Recipe(base="python:3.11\nRUN touch /x"), "recipe.base"),
        (Recipe(base="--platform=x"), "recipe.base"),
        (Recipe(system_packages=["git", "-o=Dir::Etc=/tmp"]), "recipe.system_packages.1"),
        (Recipe(system_packages=["git && reboot"]), "recipe.system_packages.0"),
        (Recipe(build_packages=["gcc\nRUN x"]), "recipe.build_packages.0"),
        (Recipe(uid=0), "recipe.uid"),
        (Recipe(gid=-1), "recipe.gid"),
        (Recipe(cuda="12.4; touch /x"), "recipe.cuda"),
        (Recipe(variables={"A": "a \\"}), "recipe.variables.A"),
        (Recipe(variables={"A": "a\nRUN x"}), "recipe.variables.A"),
        (Recipe(variables={"A B": "x"}), "recipe.variables"),
        (Recipe(labels={"maintainer": 'x" ; RUN touch /x'}), "recipe.labels.maintainer"),
        (Recipe(labels={"a": "<<EOF"}), "recipe.labels.a"),
        (Recipe(own="x" * 70_000), "recipe.own"),
    ],
)
def test_values_with_line_breaks_are_refused_with_their_field(recipe, where):
    with pytest.raises(Invalid) as refused:
        check_recipe(recipe)
    assert refused.value.details[0].path == where


def test_usual_values_are_accepted():
    check_recipe(
        Recipe(
            base="registry.example.org:5000/team/python:3.11",
            system_packages=["libgomp1", "g++", "libstdc++6=12.2.0-14", "libc6:amd64"],
            uid=1089,
            gid=1090,
            cuda="12.6",
            variables={"LANG": "C.UTF-8", "A": 'b "c" $HOME'},
            labels={"org.opencontainers.image.authors": "Ana <ana@example.org>"},
            own="RUN anything\n",
        )
    )


def test_quoted_text_is_literal():
    assert quote_for_dockerfile('a "b" $HOME ${X}') == '"a \\"b\\" \\$HOME \\${X}"'


@pytest.mark.parametrize(
    "name",
    [
        "UPPER/Name",
        "-x",
        "a" * 300,
        "name\nx",
        "../x",
        "",
        "a b",
        "x:",
        "http://h/x",
        "a//b",
        "x@y",
    ],
)
def test_an_invalid_name_is_refused_with_the_format(name):
    with pytest.raises(Invalid, match=r"write \[host"):
        check_reference(name)


@pytest.mark.parametrize(
    ("given", "name", "host"),
    [
        ("cows", "cows:latest", ""),
        ("team/cows:1.0", "team/cows:1.0", ""),
        ("localhost:5000/a__b/c--d:X_1", "localhost:5000/a__b/c--d:X_1", "localhost:5000"),
        ("[::1]:5000/cows:1", "[::1]:5000/cows:1", "[::1]:5000"),
        ("h.test/x@sha256:" + "0" * 64, "h.test/x@sha256:" + "0" * 64, "h.test"),
    ],
)
def test_names_have_a_tag_and_optionally_a_registry(given, name, host):
    assert check_reference(given) == name
    assert registry_of(name) == host


def test_accented_letters_keep_their_base_letter():
    assert default_reference("École Ünïcode 日本", 1) == "nbyard/ecole-unicode:1"


@given(st.text(), st.integers(0, 9999), st.sampled_from(["", "12.6"]))
def test_every_environment_has_a_name_for_its_image(name, version, cuda):
    made = default_reference(name, version, cuda)
    assert check_reference(made) == made and made.startswith("nbyard/")


@given(st.from_regex(REFERENCE, fullmatch=True))
def test_checked_names_are_unchanged(name):
    try:
        known = check_reference(name)
    except Invalid:
        assert len(name) > 255
    else:
        assert check_reference(known) == known


def test_a_pushed_image_has_a_registry():
    assert push_target("nbyard/cows:1", "h.test:5000/") == "h.test:5000/nbyard/cows:1"
    assert push_target("old.test/nbyard/cows:1", "h.test/") == "h.test/nbyard/cows:1"
    assert push_target("h.test/cows:1", "") == "h.test/cows:1"
    assert push_target("nbyard/cows:1", "h.test/x") == "h.test/x:latest"
    for wanted in ("", "cows:2"):
        with pytest.raises(Invalid, match="specify a registry"):
            push_target("nbyard/cows:1", wanted)


def test_the_base_follows_the_choices():
    assert base_of(Recipe(), "python:3.11") == "python:3.11"
    assert base_of(Recipe(base="own:1", cuda="12.6"), "python:3.11") == "own:1"
    assert base_of(Recipe(cuda="12.6"), "x") == "nvidia/cuda:12.6.0-runtime-ubuntu24.04"
    assert base_of(Recipe(cuda="12.4.1"), "x") == "nvidia/cuda:12.4.1-runtime-ubuntu22.04"


@given(st.text())
def test_own_lines_are_below_the_marker(own):
    made = add_digest_line(f"FROM x\n{MARKER}\n")
    assert own_lines(made + own, "FROM y\n") == own
    with pytest.raises(Invalid, match=r"Line 3 .* marker"):
        own_lines(made.replace(MARKER, f"RUN moo\n{MARKER}") + own, made)


@given(st.builds(Recipe))
def test_a_recipe_is_the_same_after_it_was_stored(recipe):
    assert msgspec.convert(msgspec.to_builtins(recipe), Recipe) == recipe


@pytest.mark.parametrize(
    ("reference", "whole"),
    [
        ("python:3.11", "docker.io/library/python"),
        ("team/cows", "docker.io/team/cows"),
        ("docker.io/cows:1", "docker.io/library/cows"),
        ("Index.docker.io/team/cows", "docker.io/team/cows"),
        ("H.test:5000/a/b:1", "h.test:5000/a/b"),
        (f"localhost/b@sha256:{'a' * 64}", "localhost/b"),
        (f"h.test/b:1@sha256:{'a' * 64}", "h.test/b"),
    ],
)
def test_a_whole_name_has_its_registry_and_no_tag(reference, whole):
    assert repository_of(reference) == whole


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("docker.io", "docker.io"),
        ("https://index.docker.io/v1/", "docker.io"),
        (" http://H.test:5000/v2/ ", "h.test:5000"),
        ("ghcr.io/team/", "ghcr.io/team"),
        ("[::1]:5000", "[::1]:5000"),
        ("my registry", ""),
        ("ftp://h.test", ""),
        ("h.test/Team", ""),
        ("h.test?x=1", ""),
        ("", ""),
    ],
)
def test_a_registry_may_be_a_url(text, place):
    assert registry_place(text) == place
