"""How the package is built, in figures."""

import subprocess
from collections import Counter
from pathlib import Path

import pytest

import figures

IMPORT = "two.b: from nbyard.one import a"
FILES = {
    "__init__.py": "",
    "one/__init__.py": "",
    "one/a.py": "from nbyard.two import b\n",
    "one/alone.py": "if TYPE_CHECKING:\n    from nbyard.one import a\n",
    "two/__init__.py": "",
    "two/b.py": "from ..one.alone import x\n\n\ndef _used():\n    _once()\n\n\ndef _once():\n"
    '    """Return it."""  # not alone\n    # why\n    from nbyard.one import a\n\n\n_used()\n',
    "two/versions/ignored.py": "",
}


@pytest.fixture
def found(tmp_path: Path) -> dict[str, figures.Module]:
    for name, text in FILES.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return figures.modules(tmp_path)


def test_modules_are_counted_by_folder(found):
    sizes = {folder: len(names) for folder, names in figures.sizes(found).items()}
    assert sizes == {"one": 2, "two": 1}


def test_the_product_is_its_lines_with_migrations_and_its_modules_without(found):
    assert figures.product_lines(found[""].path.parent) == 17
    assert figures.product_modules(found) == ["one.a", "one.alone", "two.b"]


def test_imports_in_functions_are_counted(found):
    assert figures.function_imports(found.values()) == [IMPORT]
    assert figures.first_words(found.values()) == ["two.b._once: Return"]
    assert figures.comment_share(found.values()) == pytest.approx(100 / 17)


def test_each_import_in_a_function_is_listed_with_a_reason(found):
    listed = figures.lazy_import_counts("# why\n\ntwo.b  1  it is large\n")
    assert listed == {"two.b": 1}
    with pytest.raises(ValueError, match="not enough values"):
        figures.lazy_import_counts("two.b  1\n")


def test_cycles_of_imports_are_found(found):
    assert set(figures.cycles(found)) == {"one.a", "two.b", "one.alone"}
    assert figures.cycles({name: found[name] for name in ("two.b", "one.alone")}) == []


def test_replaced_names_of_classes_and_functions_are_found(tmp_path):
    (tmp_path / "a.py").write_text(
        "class _Room:\n    def tell(self): ...\n    def show(self): ...\n"
    )
    assert figures.replaced_names(figures.modules(tmp_path).values()) == ["a: _Room", "a: tell"]


def test_docstrings_with_a_long_first_line_are_counted(tmp_path):
    line = "x" * figures.LINE_CHARS
    (tmp_path / "a.py").write_text(
        f'def short():\n    """{line}\n\n    {line}x.\n    """\n\n\n'
        f'def long():\n    """{line}x"""\n'
    )
    assert figures.long_first_lines(figures.modules(tmp_path).values()) == ["a.long: 61"]


def test_vague_names_are_found(tmp_path):
    (tmp_path / "a.py").write_text(
        "def read(one, two):\n    self._found, three = one, found\n    for told in two: ...\n"
        "    match two:\n        case [words]: ...\n"
    )
    source = tmp_path / "a.tsx"
    source.write_text(
        "const found = 1;\nlet founder = one;\nnames.map(told => told);\n"
        "function Row({ words }: { words: string; one?: 1 }) {}\n// one: found\ncall(one, two);\n"
        "type Row = {\n  readonly words: string;\n};\n"
    )
    vague = figures.vague_names(figures.modules(tmp_path).values(), tmp_path)
    assert sorted(vague) == [
        *("a.tsx: found", "a.tsx: one", "a.tsx: told", "a.tsx: words", "a.tsx: words"),
        *("a: _found", "a: one", "a: told", "a: words"),
    ]


def test_private_functions_that_are_named_once_are_counted(found):
    assert figures.used_once(found.values()) == ["two.b: _used", "two.b: _once"]


def test_a_figure_beyond_its_limit_names_what_is_new_and_the_remedy(
    found, tmp_path, monkeypatch, capsys
):
    """That the package keeps its limits is shown by the step `figures` of the check."""
    monkeypatch.setattr(figures, "modules", lambda: found)
    listed = tmp_path / "lazy_imports.txt"
    listed.write_text("# module, number, reason\n")
    monkeypatch.setattr(figures, "LAZY_IMPORTS", listed)
    monkeypatch.setattr(figures, "before_the_change", lambda: Counter(["two.b: _used"]))
    assert figures.main() == 1
    lines = capsys.readouterr().out.splitlines()
    shown = "X imports inside functions: 1 (at most 0, as listed); not as listed: two.b"
    place = lines.index(shown)
    assert lines[place + 1] == f"    new: {IMPORT}"
    assert "nbyard.cli.shared_options" in lines[place + 2]


def test_the_page_of_the_check_lists_the_limits():
    page = (figures.ROOT / "docs/contribute/check.md").read_text()
    for line in (
        f"| lines of Python | at most {figures.MAX_PRODUCT_LINES:,} |",
        f"| modules of Python | at most {figures.MAX_PRODUCT_MODULES} |",
        f"for each claim of features.md | at most {figures.MAX_LINES_PER_CLAIM:,} |",
        f"| modules in a folder | at most {figures.MAX_MODULES} |",
        "| imports inside functions | as listed in `buildtools/lazy_imports.txt` |",
        f"| private functions used once, in 1,000 lines | at most {figures.MAX_USED_ONCE} |",
        f"| comments in 100 lines | at least {figures.MIN_COMMENTS} |",
        f"or `words` | at most {figures.MAX_VAGUE}: fields",
        f"beyond {figures.LINE_CHARS} characters, in 1,000 lines | at most {figures.MAX_LONG} |",
        f"| docstrings with a verb first, in percent | at least {figures.MIN_VERBS} |",
    ):
        assert line in page


def test_new_items_are_compared_with_the_commit(tmp_path, monkeypatch):
    package = tmp_path / "jupyter_ext/nbyard"
    monkeypatch.setattr(figures, "ROOT", tmp_path)
    monkeypatch.setattr(figures, "PACKAGE", package)

    def commit() -> None:
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        for words in (("init", "-q"), ("add", "."), (*identity, "commit", "-qm", "one")):
            subprocess.run(["git", *words], cwd=tmp_path, check=True)

    for name, text in FILES.items():
        file = package / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (tmp_path / "src").mkdir()
    (tmp_path / "src/a.ts").write_text("const found = 1;\n")
    commit()
    assert figures.before_the_change() == Counter(), "the first commit has none before it"
    (package / "one/a.py").write_text("def _new():\n    pass\n\n\n_new()\n")
    before = figures.before_the_change()
    assert before["two.b: _used"] == 1 and before["one.a: _new"] == 0
    assert before["a.ts: found"] == 1
    commit()
    assert figures.before_the_change() == before
