"""From a file to an immutable version."""

import pytest

from nbyard.domain.callers import Caller
from nbyard.domain.executables.structs import NewExecutable
from nbyard.errors import Invalid
from nbyard.freezing.executable_versions import Freezer
from nbyard.transfer.bundles import SharedBundles


def test_a_version_is_kept_once(yard, tool):
    freezer = Freezer(yard.context)
    fields = freezer.prepare(freezer.load(tool))
    with yard.store.write() as c:
        made = freezer.register(c, "ann", "Tool", "", "")
        first = freezer.keep(c, made, fields)
        assert freezer.keep(c, made, fields) == first
        other = freezer.keep(c, made, {**fields, "command": ["sh"]})
        assert (first.number, other.number) == (1, 2)
        named = freezer.register(c, "ann", "Tool", "", "")
        assert yard.store.executables.names(c, "ann")[named] == "Tool 2"


def test_the_followed_file_is_one_executable(yard, tool, root):
    freezer = Freezer(yard.context)
    numbers = []
    for line in ("", "", "# more\n"):
        with (root / tool).open("a") as handle:
            handle.write(line)
        code = freezer.load(tool)
        with yard.store.write() as c:
            followed = freezer.follow(c, "ann", code, freezer.prepare(code))
            numbers.append(followed.current.number)
    assert numbers == [1, 1, 2]
    assert followed.revision == 0
    executables = yard.services.executables
    assert executables.create(Caller("ann"), NewExecutable(path=tool)).revision == 1


@pytest.mark.parametrize("name", ["flow.nbflow", "FLOW.NBFLOW"])
def test_workflows_are_no_code(yard, root, name):
    (root / name).write_text('{"version": 1}')
    freezer = Freezer(yard.context)
    with pytest.raises(Invalid):
        freezer.inspect(freezer.load(name))


def test_a_broken_description_is_named(yard, tool, root):
    (root / f"{tool}.nbexec").write_text("{")
    with pytest.raises(Invalid) as refused:
        Freezer(yard.context).load(tool)
    assert "tool.py.nbexec" in refused.value.message


def test_a_linked_description_outside_is_refused(yard, tool, root, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "secret"
    outside.write_text("{")
    (root / f"{tool}.nbexec").unlink()
    (root / f"{tool}.nbexec").symlink_to(outside)
    with pytest.raises(Invalid, match="leads out"):
        Freezer(yard.context).load(tool)


def test_files_named_in_code_are_taken_from_large_folders(yard, root):
    """Code that works in plain Jupyter works in a run."""
    yard.context.settings.max_bundle_bytes = 5
    (root / "plain/sub/deep").mkdir(parents=True)
    (root / "plain/raw").mkdir()
    for name in ("sub/file.csv", "sub/deep/x.csv", "sub/other.csv", "raw/1.csv", "raw/2.csv"):
        (root / "plain" / name).write_text("a\n")
    (root / "plain/n.py").write_text(
        'import nbyard\nfrom pathlib import Path\nnbyard.input("a", default="sub/file.csv")\n'
        'nbyard.input("b", Path("sub/deep"))\nopen(f"raw/{1}.csv")\nnbyard.input("d", 1)\n'
    )
    freezer = Freezer(yard.context)
    fields = freezer.prepare(freezer.load("plain/n.py"))
    kept = {entry.path for entry in yard.context.blobs.tree(fields["bundle_digest"]).files}
    named = {"sub/file.csv", "sub/deep/x.csv", "raw/1.csv", "raw/2.csv"}
    assert kept == {"n.py", *named}


def test_a_secret_travels_only_with_code_that_declares_it_as_an_input(yard, root):
    (root / "p").mkdir()
    for name in ("nbyard.toml", "tls.pem", "other.pem", ".env"):
        (root / "p" / name).write_text("secret")
    code = 'import nbyard\nfrom pathlib import Path\nnbyard.input("file", Path("{}"))\n'
    (root / "p/a.py").write_text(code.format("tls.pem"))
    (root / "p/b.py").write_text(code.format(".env"))
    (root / "p/c.py").write_text('open("tls.pem")\n')
    freezer = Freezer(yard.context, SharedBundles())
    kept = []
    for name in ("c.py", "a.py", "b.py", "c.py"):
        bundle = freezer.prepare(freezer.load(f"p/{name}"))["bundle_digest"]
        tree = yard.context.blobs.tree(bundle)
        kept.append({entry.path for entry in tree.files} - {"a.py", "b.py", "c.py", "nbyard.toml"})
        assert "other.pem" in tree.left_out
    assert kept == [set(), {"tls.pem"}, {".env"}, set()]
