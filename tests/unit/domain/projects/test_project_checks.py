"""What users may write about a project."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.projects.project_checks import (
    MOST_FACT,
    MOST_FACTS,
    MOST_TEXT,
    MOST_URL,
    check_fields,
    check_repository,
)
from nbyard.domain.projects.structs import ProjectTask
from nbyard.errors import Invalid


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://git.example/ann/wine.git",
        "http://[::1]:3000/wine",
        "ssh://git@git.example/wine",
        "git://git.example/wine",
        "git@git.example:ann/wine.git",
    ],
)
def test_repositories(url):
    assert check_repository(f" {url} ") == url


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://ann:secret@git.example/wine", "contains a user name"),
        ("https://token@git.example/wine", "contains a user name"),
        ("ssh://git:secret@git.example/wine", "contains a user name"),
        ("javascript:alert(1)", "user@host:path"),
        ("file:///etc/passwd", "user@host:path"),
        ("https:///wine", "user@host:path"),
        ("https://[wine", "user@host:path"),
        ("ext::sh -c true", "may not contain spaces"),
        ("wine", "user@host:path"),
        ("https://git.example/a\nb", "may not contain spaces"),
        ("https://git.example/" + "w" * MOST_URL, "characters, but has"),
    ],
)
def test_other_addresses_are_refused(url, why):
    with pytest.raises(Invalid) as refused:
        check_repository(url)
    (detail,) = refused.value.details
    assert detail.path == "repository" and why in detail.message


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"name": " "}, "name"),
        ({"name": "n" * 10_000}, "name"),
        ({"description": "d" * (MOST_TEXT + 1)}, "description"),
        ({"requirements": "d" * (MOST_TEXT + 1)}, "requirements"),
        ({"task": ProjectTask(criteria="c" * (MOST_TEXT + 1))}, "task.criteria"),
        ({"metadata": {str(n): "" for n in range(MOST_FACTS + 1)}}, "metadata"),
        ({"metadata": {"a": "v" * (MOST_FACT + 1)}}, "metadata.a"),
        ({"metadata": {"a\x00": ""}}, "metadata.a\x00"),
        ({"metadata": {"": ""}}, "metadata."),
    ],
)
def test_bad_fields_are_named(fields, path):
    with pytest.raises(Invalid) as refused:
        check_fields(fields)
    assert refused.value.details[0].path == path


@given(st.text())
def test_a_repository_is_stored_in_a_form_that_is_accepted_again(url):
    try:
        stored = check_repository(url)
    except Invalid:
        return
    assert check_repository(stored) == stored == url.strip()


def test_omitted_fields_stay_omitted():
    assert check_fields({}) == {}
    assert check_fields({"metadata": {"team": "cellar"}}) == {"metadata": {"team": "cellar"}}
