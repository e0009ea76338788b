"""The bundle is made again exactly when it is not what these sources make."""

import json
import os
from pathlib import Path

import pytest

import bundle

A = {"node_modules/a": {"version": "1.0.0"}}
SCRIPTS = ("scripts/core-package.cjs", "scripts/bundle-config.cjs", "scripts/pure-calls.cjs")
PACKAGES = ("package.json", "package-lock.json", "tsconfig.json")
LOCK = {"": {}, **A}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose bundle is fresh."""
    write(tmp_path / "src/index.ts", "export default []")
    write(tmp_path / "src/__tests__/index.spec.ts", "test")
    write(tmp_path / "style/base.css", "a {}")
    write(tmp_path / "schema/plugin.json", "{}")
    for name in ("package.json", "tsconfig.json", *SCRIPTS):
        write(tmp_path / name, "{}")
    write(tmp_path / "package-lock.json", json.dumps({"packages": LOCK}))
    write_bundle(tmp_path)
    stamp = json.dumps(bundle.stamp_of(tmp_path))
    write(tmp_path / bundle.BUNDLE / bundle.STAMP, stamp)
    return tmp_path


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def write_bundle(root: Path) -> None:
    write(root / bundle.BUNDLE / "package.json", "{}")
    write(root / bundle.BUNDLE / "static/style.js", "made")


@pytest.fixture
def npm(checkout, monkeypatch) -> list[tuple[str, ...]]:
    """Records what npm was asked; `run build:prod` makes a bundle."""
    asked = []

    def ask(root: Path, *arguments: str) -> None:
        asked.append(arguments)
        if arguments[0] == "run":
            write_bundle(root)

    monkeypatch.setattr(bundle, "run_npm", ask)
    monkeypatch.chdir(checkout)
    return asked


def test_a_fresh_bundle_needs_nothing(checkout, npm, monkeypatch):
    monkeypatch.setattr(bundle, "has_node", lambda: False)
    assert bundle.is_fresh(checkout)
    assert bundle.builder() is None
    assert bundle.requirements(checkout) == []


@pytest.mark.parametrize(
    "name",
    ["src/index.ts", "src/new.tsx", "style/base.css", "schema/plugin.json", *SCRIPTS, *PACKAGES],
)
def test_a_changed_source_makes_the_bundle_stale(checkout, name):
    write(checkout / name, "changed")
    assert not bundle.is_fresh(checkout)


@pytest.mark.parametrize("name", ["src/index.ts", "style/base.css", "schema/plugin.json"])
def test_a_removed_source_makes_the_bundle_stale(checkout, name):
    (checkout / name).unlink()
    assert not bundle.is_fresh(checkout)


def test_a_moved_source_makes_the_bundle_stale(checkout):
    (checkout / "src/index.ts").rename(checkout / "src/main.ts")
    assert not bundle.is_fresh(checkout)


def test_a_bundle_built_by_hand_is_stale(checkout):
    write(checkout / bundle.BUNDLE / "static/style.js", "made from other sources")
    assert not bundle.is_fresh(checkout)


@pytest.mark.parametrize("stamp", ["", "[]", "{}", '{"sources": ""}'])
def test_an_unreadable_stamp_is_stale(checkout, stamp):
    write(checkout / bundle.BUNDLE / bundle.STAMP, stamp)
    assert not bundle.is_fresh(checkout)


def test_tests_and_times_do_not_matter(checkout):
    write(checkout / "src/__tests__/index.spec.ts", "changed")
    os.utime(checkout / "src/index.ts", (0, 0))
    assert bundle.is_fresh(checkout)


def test_a_stale_bundle_is_built_and_then_fresh(checkout, npm):
    write(checkout / "src/index.ts", "changed")
    make = bundle.builder()
    assert make is not None
    make()
    assert [each[0] for each in npm] == ["ci", "run"]
    assert bundle.is_fresh(checkout)
    assert bundle.builder() is None


def test_sources_that_change_during_the_build_are_refused(checkout, npm, monkeypatch):
    ask = bundle.run_npm

    def edit_meanwhile(root: Path, *arguments: str) -> None:
        ask(root, *arguments)
        write(root / "src/index.ts", f"edited during {arguments[0]}")

    write(checkout / "src/index.ts", "changed")
    monkeypatch.setattr(bundle, "run_npm", edit_meanwhile)
    with pytest.raises(RuntimeError, match="build again"):
        bundle.build(checkout)
    assert not bundle.is_fresh(checkout)


@pytest.mark.parametrize(
    ("installed", "wanted", "asked"),
    [
        (None, LOCK, ["ci"]),
        (A, LOCK, []),
        ({"node_modules/a": {"version": "0.9.0"}}, LOCK, ["ci"]),
        ({**A, "node_modules/b": {"version": "1.0.0"}}, LOCK, ["ci"]),
        ({}, LOCK, ["ci"]),
        ({}, {"node_modules/a": {"version": "1.0.0", "optional": True}}, []),
    ],
    ids=["absent", "same", "older", "more", "missing", "optional"],
)
def test_packages_are_installed_when_they_are_not_the_locked_ones(
    checkout, npm, installed, wanted, asked
):
    write(checkout / "package-lock.json", json.dumps({"packages": wanted}))
    if installed is not None:
        hidden = checkout / "node_modules/.package-lock.json"
        write(hidden, json.dumps({"packages": installed}))
    bundle.install_packages(checkout)
    assert [each[0] for each in npm] == asked


@pytest.mark.parametrize(
    ("version", "enough"),
    [("v18.20.4", False), ("v20.18.9", False), ("v20.19.0", True), ("v24.1.0", True), ("", False)],
)
def test_an_old_or_missing_node_is_replaced_by_the_one_of_pypi(
    checkout, tmp_path, monkeypatch, version, enough
):
    node = tmp_path / "bin/node"
    write(node, f"#!/bin/sh\necho {version}\n")
    node.chmod(0o755)
    monkeypatch.setenv("PATH", f"{node.parent}:/bin:/usr/bin")
    assert bundle.has_node() is enough
    write(checkout / "src/index.ts", "changed")
    assert bundle.requirements(checkout) == ([] if enough else [bundle.NODE_WHEEL])


def test_without_node_a_stale_bundle_is_refused_not_shipped(checkout, monkeypatch):
    monkeypatch.setattr(bundle, "has_node", lambda: False)
    write(checkout / "src/index.ts", "changed")
    with pytest.raises(RuntimeError, match=r"needs Node 20\.19"):
        bundle.build(checkout)
