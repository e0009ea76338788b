"""How the package is built, in figures."""

from pathlib import Path

import pytest

import figures

FILES = {
    "__init__.py": "",
    "errors.py": "class Bad(Exception):\n    pass\n",
    "refusing.py": "Bad('a')\nBad(f'{a} b')\nBad.field('x', 'is ' + b)\n"
    "Bad(because('c'))\nOther('d')\n",
    "one/__init__.py": "",
    "one/a.py": "from nbyard.two import b\n",
    "one/alone.py": "if TYPE_CHECKING:\n    from nbyard.one import a\n",
    "two/__init__.py": "",
    "two/b.py": "from ..one.alone import x\n\n\ndef _used():\n    _once()\n\n\ndef _once():\n"
    '    """Return it."""  # why\n    from nbyard.one import a\n\n\n_used()\n',
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
    assert figures.sizes(found) == {"": 2, "one": 2, "two": 1}


def test_what_stands_in_functions_is_counted(found):
    assert figures.function_imports(found.values()) == 1
    assert figures.first_words(found.values()) == ["Return"]
    assert figures.comment_share(found.values()) == pytest.approx(100 / 17)


def test_private_functions_that_are_named_once_are_counted(found):
    assert figures.used_once(found.values()) == 2


def test_errors_with_a_text_are_counted(found):
    assert figures.texts_of_errors(found.values()) == 3


def test_a_figure_beyond_its_limit_fails_the_step(found, monkeypatch, capsys):
    """That the package keeps its limits is shown by the step `figures` of the check."""
    monkeypatch.setattr(figures, "modules", lambda: found)
    monkeypatch.setattr(figures, "MAX_LAZY_IMPORTS", 0)
    assert figures.main() == 1
    assert "X imports inside functions" in capsys.readouterr().out
