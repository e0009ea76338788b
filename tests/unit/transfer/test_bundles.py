"""Code bundles: what belongs to the code of a notebook or script."""

import os

import pytest

from nbyard.blobs import Blobs
from nbyard.domain.environments.structs import LockedPackage
from nbyard.errors import Conflict, TooLarge
from nbyard.transfer import bundles
from nbyard.transfer.bundles import (
    Picked,
    SecretFilter,
    largest_files,
    links_left_out,
    names_below,
    pick_files,
    project_of,
    rule_of,
    with_trees,
)

MIB = 2**20


@pytest.fixture
def root(tmp_path, monkeypatch):
    """The folder that is served; the home folder lies around it."""
    monkeypatch.setenv("HOME", os.fspath(tmp_path))
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def blobs(tmp_path):
    return Blobs(tmp_path / "blobs", reserve_bytes=0)


def _write(root, *names, content="x"):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root / names[0]


def collect(code, root, blobs, cap, *more):
    return bundles.store_bundle(pick_files(code, root, cap, *more), blobs, cap)


def _stored(blobs, bundle):
    return {entry.path for entry in blobs.tree(bundle.digest).files}


@pytest.mark.parametrize("marker", bundles.MARKERS)
def test_a_project_is_the_nearest_folder_with_a_mark(root, marker):
    code = _write(root, "a/b/c/train.py", f"a/{marker}", marker)
    assert project_of(code, root) == root / "a"
    _write(root, f"a/b/c/{marker}")
    assert project_of(code, root) == root / "a/b/c"


def test_no_project_is_searched_above_the_limit(root):
    code = _write(root, "a/b/train.py", "pyproject.toml")
    assert project_of(code, root / "a") is None
    assert project_of(code, root) == root


def test_a_home_folder_is_no_project(root, tmp_path):
    """Whatever lies in it: else one notebook would take all of it along."""
    code = _write(root, "train.py", "../.git/HEAD", "../requirements.txt")
    assert project_of(code, tmp_path) is None
    assert project_of(tmp_path / "loose.py", tmp_path) is None


def test_ignored_files_of_a_project_are_left_out(root, blobs):
    code = _write(
        root,
        "jobs/train.py",
        "pyproject.toml",
        "lib/load.py",
        "lib/__pycache__/load.pyc",
        "lib/deep/resources/x.csv",
        ".env",
        ".git/HEAD",
        "node_modules/x/index.js",
        "my.egg-info/PKG-INFO",
        "venv/bin/python",
        "train.nbflow",
    )
    (root / "link.py").symlink_to(code)
    (root / "linked").symlink_to(root / "lib")
    os.mkfifo(root / "pipe")
    (root / "jobs/data").symlink_to(root / "lib")
    (root / ".hidden").symlink_to(root / "lib")
    bundle = collect(code, root, blobs, MIB)
    assert links_left_out(code, root) == ["link.py", "linked", "jobs/data"]
    assert (bundle.file, bundle.count, bundle.size_bytes) == ("jobs/train.py", 3, 3)
    assert _stored(blobs, bundle) == {"jobs/train.py", "pyproject.toml", "lib/load.py"}


def test_without_a_project_the_folder_of_the_code_is_used(root, blobs):
    code = _write(root, "a/train.py", "a/load.py", "a/data/x.csv", "a/build/y.csv", "b/other.py")
    bundle = collect(code, root, blobs, MIB)
    assert bundle.file == "train.py"
    assert _stored(blobs, bundle) == {"train.py", "load.py", "data/x.csv"}


@pytest.mark.parametrize("name", ["a\x1b[2J.csv", "a\nb.csv", "a\\b.csv", "\udcff.csv"])
@pytest.mark.parametrize("marker", [[], ["pyproject.toml"]])
def test_a_name_that_cannot_be_stored_is_left_out_and_named(root, blobs, name, marker):
    code = _write(root, "a/train.py", *(f"a/{one}" for one in marker))
    (root / "a" / name).write_text("x")
    (root / "a" / f"d{name}").mkdir()
    (root / "a" / f"d{name}" / "x").write_text("x")
    bundle = collect(code, root, blobs, MIB)
    assert _stored(blobs, bundle) == {"train.py", *marker}
    shown = name.encode("utf-8", "replace").decode()
    assert {shown, f"d{shown}"} == {*links_left_out(code, root)}


SECRETS = ("local.nbvars", "certs/Server.PEM", "certs/id_rsa", "prod.key", ".ssh/config")


@pytest.mark.parametrize("marker", ["pyproject.toml", "x.txt"])
def test_secrets_are_left_out_and_named(root, blobs, marker):
    """Whatever rules of .gitignore include, and whether the folder is a project or not."""
    code = _write(root, "a/train.py", f"a/{marker}", *(f"a/{name}" for name in SECRETS))
    _write(root, "a/.env.example", "a/certs/id_rsa.pub")
    (root / "a/.gitignore").write_text("!.env.example\n!.ssh\n!local.nbvars\n")
    bundle = collect(code, root, blobs, MIB)
    assert _stored(blobs, bundle) == {"train.py", marker, ".env.example", "certs/id_rsa.pub"}
    left_out = {*SECRETS[:4], ".ssh/"}
    assert {*blobs.tree(bundle.digest).left_out} == left_out
    warning = bundles.secrets_left_out(left_out)
    assert warning is not None and warning.params["count"] == 5
    assert _stored(blobs, bundle) == {
        entry.path for entry in blobs.tree(bundles.collect_folder(root / "a", blobs, MIB)).files
    }


def test_ignored_secrets_are_not_reported(root, blobs):
    code = _write(root, "train.py", "pyproject.toml", ".env", "local.nbvars", "tests/a.pem")
    (root / ".nbyardignore").write_text("*.nbvars\ntests/\n")
    assert not blobs.tree(collect(code, root, blobs, MIB).digest).left_out
    assert bundles.secrets_left_out(()) is None


def test_named_secrets_are_passed(root, blobs):
    """By a line of .nbyardignore, which is no pattern, or as an input of the code."""
    code = _write(root, "jobs/train.py", "pyproject.toml", *SECRETS, ".env", "jobs/x/y.pem")
    (root / ".nbyardignore").write_text("!*.key\n!certs/Server.PEM\n!.ssh/config\n!.ssh\n")
    inputs = bundles.secret_inputs(code, root, ["../local.nbvars", "../.env", "no.pem", "train.py"])
    assert inputs == ["local.nbvars", ".env"]
    bundle = collect(code, root, blobs, MIB, (), list, 0, inputs)
    tree = blobs.tree(bundle.digest)
    assert {entry.path for entry in tree.files if entry.declared} == {
        *("local.nbvars", ".env", "certs/Server.PEM", ".ssh/config"),
    }
    assert tree.left_out == ["certs/id_rsa", "jobs/x/y.pem", "prod.key"]


def test_a_bundle_with_secrets_serves_its_code_only(root, blobs):
    code = _write(root, "train.py", "pyproject.toml", "local.nbvars", "other.py")
    shared = bundles.SharedBundles()
    picked = pick_files(code, root, MIB, inputs=["local.nbvars"])
    shared.keep(picked, bundles.store_bundle(picked, blobs, MIB), blobs)
    assert shared.same_bundle(root / "other.py", root) is None


@pytest.mark.parametrize("marker", ["pyproject.toml", "x.txt"])
def test_a_store_below_the_code_is_no_part_of_it(root, blobs, marker):
    code = _write(root, "a/train.py")
    _write(root, f"a/{marker}", "a/kept/store-id", "a/kept/attempts/1/code/train.py")
    assert _stored(blobs, collect(code, root, blobs, MIB)) == {"train.py", marker}


@pytest.mark.parametrize("when", ["d/", "train.py"])
def test_files_deleted_during_the_collection_are_reported(root, blobs, when):
    _write(root, "train.py", "d/b.csv")
    asked = []

    def keep(name):
        asked.append(name)
        if name == when and asked.count(when) == 2:  # before, its size was asked for
            (root / "d").rename(root / "e")
        return True

    with pytest.raises(Conflict, match="was removed while"):
        bundles.store_bundle(Picked(root, "train.py", keep, SecretFilter(root)), blobs, MIB)


def test_only_named_files_of_a_large_folder_are_included(root, blobs):
    code = _write(root, "a/n.ipynb", "a/sub/file.csv", "a/sub/more.csv", "a/in/x.csv", "a/in/.y")
    _write(root, "a/huge/1.bin", "a/huge/2.bin", "a/util.py")
    mentioned = ["in", "huge"]
    bundle = collect(code, root, blobs, 4, ["sub/file.csv"], lambda: ["in"], 3)
    assert _stored(blobs, bundle) == {"n.ipynb", "util.py", "sub/file.csv", "in/x.csv"}
    _write(root, "a/huge/1.bin", content="x" * 100)
    picked = pick_files(code, root, 50, [], lambda: mentioned, 3)
    assert _stored(blobs, bundles.store_bundle(picked, blobs, 50)) == {
        "n.ipynb",
        "util.py",
        "in/x.csv",
    }


def test_a_named_large_file_of_a_home_folder_is_included(tmp_path, root, blobs, monkeypatch):
    monkeypatch.setattr(bundles, "LINKED_BYTES", 10)
    code = _write(tmp_path, "n.ipynb")
    _write(tmp_path, "big.csv", "other.csv", content="x" * 11)
    picked = pick_files(code, tmp_path, MIB, [], lambda: ["big.csv"])
    assert _stored(blobs, bundles.store_bundle(picked, blobs, MIB)) == {"n.ipynb", "big.csv"}
    _write(root, "n.ipynb", "a/x", "big.csv", content="x" * 11)
    picked = pick_files(root / "n.ipynb", root, MIB, [], list, 3)
    assert _stored(blobs, bundles.store_bundle(picked, blobs, MIB)) == {"n.ipynb", "big.csv"}


def test_named_files_are_included_up_to_the_limit(root, blobs):
    code = _write(root, "n.ipynb", "a/x", "b/x", "c/x", content="x" * 10)
    picked = pick_files(code, root, 25, [], lambda: ["a", "b", "c"], 3)
    assert {name for name in ("a/x", "b/x", "c/x") if picked.keep(name)} == {"a/x", "b/x"}


def test_unreadable_files_are_left_out_without_a_project(root, blobs):
    code = _write(root, "n.ipynb", "open/x", "closed/x")
    (root / os.fsdecode(b"\xfcber.txt")).write_text("x")
    (root / "closed").chmod(0)
    try:
        kept = _stored(blobs, collect(code, root, blobs, MIB))
    finally:
        (root / "closed").chmod(0o755)
    assert kept - {"closed/x"} == {"n.ipynb", "open/x"}  # root may read everything


def test_many_files_are_no_folder_of_one_notebook(root, monkeypatch):
    monkeypatch.setattr(bundles, "LOOSE_FILES", 2)
    code = _write(root, "a/n.ipynb", "a/x")
    _write(root, "a/sub/x")
    (root / "a/x").unlink()
    assert pick_files(code, root, MIB).keep("sub/x")
    _write(root, "a/y")
    assert not pick_files(code, root, MIB).keep("sub/x")


def test_a_home_folder_is_never_included_completely(root, tmp_path, blobs):
    code = _write(tmp_path, "n.ipynb", "util.py", "photos/1.jpg")
    assert {"n.ipynb", "util.py"} == _stored(blobs, collect(code, tmp_path, blobs, MIB))


def test_the_rule_that_excludes_a_file_is_named(root):
    _write(root, ".gitignore", content="*.csv\n!keep.csv\n")
    assert [rule_of(root, name) for name in ("a.csv", "keep.csv", "build/", "x.py")] == [
        *("*.csv", "", "build", "")
    ]


def test_a_too_large_bundle_names_its_largest_files(root, blobs):
    code = _write(root, "a/n.ipynb", "a/big.csv", content="x" * 10)
    tree = blobs.tree(collect(code, root, blobs, MIB).digest)
    assert largest_files(tree, 20) == ()
    assert [str(one) for one in largest_files(tree, 19)] == ["big.csv (10)", "n.ipynb (10)"]


def test_only_files_below_the_folder_are_named(root):
    _write(root, "a/sub/file.csv", "b/other.csv")
    (root / "a/link").symlink_to(root / "b")
    for text in ("sub/file.csv", "./sub//file.csv", "sub/../sub/file.csv"):
        assert names_below(root / "a", text) == "sub/file.csv"
    for text in (
        *("", ".", "..", "../b/other.csv", f"{root}/a/sub/file.csv", "link/other.csv", "link"),
        *("none.csv", "a\0b", "https://h.test/sub/file.csv", "x" * 5000),
    ):
        assert names_below(root / "a", text) == ""


def test_the_code_itself_is_always_included(root, blobs):
    code = _write(root, "build/.hidden/train.py", "pyproject.toml", "build/x.py")
    _write(root, ".nbyardignore", content="*.py\nbuild/\n")
    bundle = collect(code, root, blobs, MIB)
    assert _stored(blobs, bundle) == {"build/.hidden/train.py", "pyproject.toml"}


@pytest.mark.parametrize(
    ("rules", "names", "kept"),
    [
        ("*.csv", ["a.csv", "d/b.csv", "c.txt"], {"c.txt"}),
        ("# *.csv\n\n  \n", ["a.csv"], {"a.csv"}),
        ("data/", ["data/a", "d/data/b", "e/data"], {"e/data"}),
        ("/data", ["data/a", "d/data/b"], {"d/data/b"}),
        ("d/*.csv", ["d/a.csv", "d/e/b.csv", "x/d/c.csv"], {"d/e/b.csv", "x/d/c.csv"}),
        ("**/tmp/*", ["tmp/a", "d/e/tmp/b", "tmpx/c"], {"tmpx/c"}),
        ("d/**/x", ["d/x", "d/e/f/x", "x"], {"x"}),
        ("out/**", ["out/a", "out/b/c", "outer/d"], {"outer/d"}),
        ("*.csv\n!keep.csv", ["a.csv", "keep.csv"], {"keep.csv"}),
        ("!keep.csv\n*.csv", ["keep.csv"], set()),
        ("!build", ["build/a.py"], {"build/a.py"}),
        ("!own.nbflow", ["own.nbflow", "b.nbflow"], {"own.nbflow"}),
        ("[ab].txt", ["a.txt", "c.txt"], {"c.txt"}),
        ("?.txt", ["a.txt", "ab.txt"], {"ab.txt"}),
    ],
)
@pytest.mark.parametrize("file", [".gitignore", ".nbyardignore"])
def test_ignore_rules(root, blobs, file, rules, names, kept):
    code = _write(root, "train.py", "pyproject.toml", *names)
    _write(root, file, content=rules)
    found = _stored(blobs, collect(code, root, blobs, MIB))
    assert found - {"train.py", "pyproject.toml"} == kept


def test_the_cap_is_exact_and_names_the_largest(root, blobs):
    code = _write(root, "train.py", "pyproject.toml")
    _write(root, "d/big.csv", content="x" * 1000)
    _write(root, "small.csv", content="x" * 10)
    assert collect(code, root, blobs, 1012).size_bytes == 1012
    with pytest.raises(TooLarge, match=r"d/big\.csv \(1,000\), small\.csv \(10\)") as caught:
        collect(code, root, blobs, 1011)
    assert ".nbyardignore" in caught.value.hint


def test_the_same_files_are_the_same_bundle(root, blobs):
    code = _write(root, "train.py", "pyproject.toml", "lib.py")
    before = collect(code, root, blobs, MIB)
    os.utime(root / "lib.py", (1, 1))
    _write(root, "lib.pyc", ".cache")
    assert collect(code, root, blobs, MIB) == before
    _write(root, "lib.py", content="y")
    assert collect(code, root, blobs, MIB).digest != before.digest


def test_the_files_of_a_folder_that_a_package_is_used_in_are_kept(root, blobs):
    """Except files that a build leaves there."""
    ant = LockedPackage("ant", "1", ("sha256:1",))
    cow = LockedPackage("cow", "1", folder=f"file://{root}")
    _write(root, "cow.py", "cow.egg-info/PKG-INFO", "__pycache__/cow.pyc")
    same, first = with_trees([ant, cow], blobs, MIB)
    assert same == ant
    assert {entry.path for entry in blobs.tree(first.tree).files} == {"cow.py"}
    _write(root, "cow.egg-info/SOURCES.txt")
    assert with_trees([cow], blobs, MIB) == [first]
    _write(root, "cow.py", content="changed")
    assert with_trees([cow], blobs, MIB) != [first]
    gone = LockedPackage("cow", "1", folder=f"file://{root}/gone")
    assert with_trees([gone], blobs, MIB) == [gone]


def test_files_of_one_folder_share_its_bundle(root, blobs):
    """It is the bundle that each of them has alone, also of a file that the rules leave out."""
    shared = bundles.SharedBundles()
    _write(root, "a.py", "b.py", "data/c.csv", "out.py", ".gitignore")
    (root / ".gitignore").write_text("out.py\n")
    for name, is_known in (("out.py", False), ("a.py", False), ("b.py", True), ("out.py", False)):
        picked = pick_files(root / name, root, MIB)
        alone = bundles.store_bundle(picked, blobs, MIB)
        assert shared.same_bundle(root / name, root) == (alone if is_known else None), name
        shared.keep(picked, alone, blobs)


def test_large_folders_are_not_shared(root, blobs):
    shared = bundles.SharedBundles()
    _write(root, "a.py", "b.py", "big/c.bin", content="x" * 400)
    picked = pick_files(root / "a.py", root, 1000)
    shared.keep(picked, bundles.store_bundle(picked, blobs, MIB), blobs)
    assert shared.same_bundle(root / "b.py", root) is None
