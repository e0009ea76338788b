"""Versions of environments that tasks use."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.environments.references import (
    UsedEnvironment,
    environment_change,
    lock_differences,
    lock_warning,
    split_reference,
)
from nbyard.domain.environments.structs import Lock, LockedPackage, Package
from nbyard.reasons.structs import because

COWS = UsedEnvironment("e1", "cows", "v2", 2, "sha256:x")
LOCKED = [LockedPackage("Cow.Bell", "1.0"), LockedPackage("ant", "2.0")]


def found(*packages: str, python: str = "3.11.2") -> Lock:
    pairs = [package.split() for package in packages]
    there = [Package(name, version) for name, version in pairs]
    return Lock(python, "", "cpython", "linux", there)


@given(st.text(min_size=1), st.integers(1, 10**9 - 1))
def test_a_version_follows_the_name(name: str, number: int) -> None:
    expected = (name, number) if "\n" not in name else split_reference(f"{name}@{number}")
    assert split_reference(f"{name}@{number}") == expected


@pytest.mark.parametrize("text", ["cows", "cows@", "cows@0", "cows@x", "@2", "cows@02"])
def test_another_text_is_a_name(text: str) -> None:
    assert split_reference(text) == (text, 0)


def test_changes_have_reasons() -> None:
    newer = UsedEnvironment("e1", "cows", "v3", 3, "sha256:y")
    ants = UsedEnvironment("e2", "ants", "v1", 1, "sha256:x")
    assert environment_change(COWS, COWS) is environment_change(None, None) is None
    words = "the environment cows changed from version 2 to 3"
    assert str(environment_change(COWS, newer)) == words
    words = "it uses the environment ants version 1 instead of cows version 2"
    assert str(environment_change(COWS, ants)) == words
    assert environment_change(None, COWS) == because("environment-now", new="cows version 2")
    assert environment_change(COWS, None) == because("environment-left", old="cows")


def test_equal_packages_have_no_differences() -> None:
    """However its name is written, and whatever a virtual environment has of itself."""
    there = found("cow-bell 1.0", "Ant 2.0", "pip 24.0", "setuptools 70")
    assert lock_differences(LOCKED, "3.11.2", there, with_extra=True) == []
    assert lock_warning(COWS, []) is None


def test_differences_are_named() -> None:
    there = found("cow_bell 1.1", "six 1.16", python="3.12.1")
    told = lock_differences(LOCKED, "3.11.2", there, with_extra=True)
    assert told == [
        because("python-instead", found="3.12.1", locked="3.11.2"),
        because("package-instead", package="Cow.Bell", found="1.1", locked="1.0"),
        because("package-lacks", package="ant"),
        because("packages-beside-lock", packages=["six 1.16"]),
    ]
    assert lock_differences(LOCKED, "3.11.2", there, with_extra=False) == told[:3]
    assert lock_warning(COWS, told) == because(
        "lock-differs-in-more", environment="cows", number=2, differences=told[:3], more=1
    )


def test_a_changed_folder_is_named() -> None:
    """An editable folder may change. A container has the locked files."""
    locked = [LockedPackage("cow", "1.0", folder="file:///srv/cow", tree="tree:a")]
    for tree, told in (
        (None, []),
        ("tree:a", []),
        ("tree:b", ["the folder /srv/cow has changed since it was locked"]),
        ("", ["the folder /srv/cow is gone"]),
    ):
        there = Lock("3.11.2", "", "cpython", "linux", [Package("cow", "1.0", tree=tree)])
        assert list(map(str, lock_differences(locked, "3.11.2", there, with_extra=True))) == told
