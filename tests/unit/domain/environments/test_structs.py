"""Environments."""

import msgspec
import pytest

from nbyard.domain.environments.package_sources import AllowedSources
from nbyard.domain.environments.requirements import read_requirements
from nbyard.domain.environments.structs import (
    EnvironmentRef,
    Lock,
    LockedPackage,
    Package,
    PackageChange,
    change_requirements,
    lock_lines,
    locked_trees,
    package_changes,
    portable_lines,
    requirements_of_lock,
    with_folders_of,
)
from nbyard.errors import Invalid, NotFound


def test_an_environment_survives_json():
    url = {"url": "file:///src/mine", "dir_info": {"editable": True}}
    packages = [Package("mine", "1", direct_url=url), Package("numpy", "2.1", "sha256:2")]
    lock = Lock("3.11.7", "3.11.7 (main)", "cpython", "linux-x86_64", packages)
    found = EnvironmentRef("python3", "python", "/usr/bin/python3", "sha256:1", lock)
    assert msgspec.json.decode(msgspec.json.encode(found), type=EnvironmentRef) == found
    assert EnvironmentRef() == msgspec.convert({}, EnvironmentRef)


def test_a_change_keeps_the_other_lines_in_their_order():
    """Another line for the same package replaces it, however it is spelled."""
    own = ["Zebra", "my_cow==1", "ant>2"]
    assert change_requirements(own, ["My-Cow==2"], []) == ["Zebra", "ant>2", "My-Cow==2"]
    assert change_requirements(own, ["bee"], ["ZEBRA", "ant"]) == ["my_cow==1", "bee"]
    assert change_requirements([], ["cow==1", "cow==2"], []) == ["cow==1", "cow==2"], (
        "they exclude each other"
    )
    with pytest.raises(NotFound, match="not among the requirements"):
        change_requirements(own, [], ["cow"])


def test_a_locked_package_is_a_readable_line():
    package = LockedPackage("my_cow", "1.0", ("sha256:" + "a" * 64, "sha256:" + "b" * 64))
    assert read_requirements(package.line) == [package.line]


def test_a_portable_lock_has_no_local_paths():
    options = ["--index-url https://index.test/simple", "--find-links file:///srv/wheels"]
    hashes = ("sha256:" + "a" * 64,)
    packages = [
        LockedPackage("ant", "1", hashes),
        LockedPackage("bee", "2", hashes, url="file:///srv/wheels/bee-2-py3-none-any.whl"),
        LockedPackage("cow", "3", hashes, url="https://index.test/cow-3-py3-none-any.whl"),
        LockedPackage("mine", "4", folder="file:///home/ada/mine", tree="tree:" + "b" * 64),
    ]
    lines = portable_lines([*options, "-e file:///home/ada/mine", "ant"], packages)
    assert lines == [
        options[0],
        f"ant==1 --hash={hashes[0]}",
        f"bee==2 --hash={hashes[0]}",
        f"cow @ https://index.test/cow-3-py3-none-any.whl --hash={hashes[0]}",
        "# mine==4, used in place",
    ]
    # An installer reads them, and ignores the comment.
    assert (
        len(read_requirements("\n".join(lines), AllowedSources.parse(["https://index.test"]))) == 4
    )


def test_differences_of_two_locks_are_named():
    old = [LockedPackage("ant", "1"), LockedPackage("My_Cow", "1"), LockedPackage("gone", "3")]
    new = [LockedPackage("ant", "1"), LockedPackage("my-cow", "2"), LockedPackage("new", "4")]
    assert package_changes(old, new) == [
        PackageChange("gone", "3", ""),
        PackageChange("my-cow", "1", "2"),
        PackageChange("new", "", "4"),
    ]
    assert package_changes(old, old) == []


def test_installed_packages_become_requirements():
    """The versions stay the same. Packages without an index are left out."""
    packages = [
        Package("pip", "23"),
        Package("My_Cow", "1.0"),
        Package("mine", "1", direct_url={"url": "file:///src/mine"}),
    ]
    found = requirements_of_lock(Lock("3.11.7", "", "cpython", "linux-x86_64", packages))
    assert (found.lines, found.left_out) == (["My_Cow==1.0"], ["mine"])


def test_a_lock_describes_its_folders():
    """The line works for pip, and leads to the files of the folder."""
    folder, tree = "file:///srv/code/cow", f"tree:{'a' * 64}"
    cow = LockedPackage("My_Cow", "1.0", folder=folder, tree=tree)
    asked = [f"-e {folder}[milk]", "--find-links file:///srv/code"]
    lines = lock_lines(asked, [cow, LockedPackage("ant", "1", ("sha256:1",))])
    assert lines == [asked[1], f"-e {folder}  # My_Cow==1.0 {tree}", "ant==1 --hash=sha256:1"]
    assert locked_trees(lines) == {"my-cow": tree}
    text = "\n".join([asked[1], lines[1], "ant==1"])
    read = read_requirements(text, AllowedSources.parse(["file:///srv/code"]))
    assert read == [asked[1], f"-e {folder}", "ant==1"]
    assert with_folders_of(text, read) == [asked[1], lines[1], "ant==1"]
    with pytest.raises(Invalid, match="through an environment"):
        locked_trees(with_folders_of("\n".join(read), read))


def test_the_same_version_in_other_files_is_a_change():
    old, new = (
        LockedPackage("cow", "1.0", folder="file:///a", tree=f"tree:{digit * 64}") for digit in "ab"
    )
    change = PackageChange("cow", "1.0 (aaaaaaaa)", "1.0 (bbbbbbbb)")
    assert package_changes([old], [new]) == [change]
    assert package_changes([old], [old]) == []
