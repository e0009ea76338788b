"""Randomly drawn programs: a reader, a spelling of the path, a link, and a place of the code.

Each program reads one file or folder, beside its code or outside, at an absolute path."""

import os
import random
import re
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from string import Template
from typing import Literal

import polars as pl

from .observing import RESULT, Changes, lay_notebook, outside_of
from .test_runs import Project

Kind = Literal["text", "table", "columns", "database", "module", "folder"]
LIBRARIES = ("pandas", "polars", "pyarrow")
# They read `place`. What they return does not depend on where the code is.
READERS: Mapping[Kind, tuple[str, ...]] = {
    "text": (
        "open(place).read()",
        "pathlib.Path(place).read_text()",
        "os.read(os.open(place, os.O_RDONLY), 99)",
        "linecache.getline(place, 1)",
        "bytes(mmap.mmap(open(place, 'rb').fileno(), 0, prot=mmap.PROT_READ))",
        "list(fileinput.input([place]))",
        "[shutil.copy(place, 'copy.txt'), open('copy.txt').read()][1]",
        "os.stat(place).st_size",
        "os.path.exists(place)",
        "pathlib.Path(place).is_file()",
        "subprocess.check_output(['cat', place])",
        "subprocess.check_output(['sh', '-c', 'cat \"$0\"', place])",
        "subprocess.check_output([sys.executable, '-c', "
        "'import sys; print(open(sys.argv[1]).read())', place])",
    ),
    "table": (
        "list(csv.reader(open(place)))",
        "pandas.read_csv(place).to_dict('list')",
        "pandas.read_table(place).to_dict('list')",
        "polars.read_csv(place).to_dicts()",
        "polars.scan_csv(place).collect().to_dicts()",
        "pyarrow.csv.read_csv(place).to_pydict()",
        "pyarrow.dataset.dataset(place, format='csv').to_table().to_pydict()",
    ),
    "columns": (
        "pandas.read_parquet(place).to_dict('list')",
        "polars.read_parquet(place).to_dicts()",
        "polars.scan_parquet(place).collect().to_dicts()",
        "pyarrow.parquet.read_table(place).to_pydict()",
    ),
    "database": (
        "sqlite3.connect(place).execute('select * from t').fetchall()",
        "pandas.read_sql('select * from t', sqlite3.connect(place)).to_dict('list')",
    ),
    "module": (
        "runpy.run_path(place)['V']",
        "[space := {}, exec(open(place).read(), space), space['V']][2]",
        "[sys.path.insert(0, os.path.dirname(place)), importlib.import_module('far' + 'off').V][1]",
        "subprocess.check_output([sys.executable, '-c', "
        "'import runpy, sys; print(runpy.run_path(sys.argv[1])[\"V\"])', place])",
    ),
    "folder": (
        "sorted(os.listdir(place))",
        "sorted(entry.name for entry in os.scandir(place))",
        "sorted(os.path.basename(path) for path in glob.glob(place + '/*.txt'))",
        "[open(path).read() for path in sorted(glob.glob(place + '/*.txt'))]",
        "sorted(path.name for path in pathlib.Path(place).rglob('*.csv'))",
        "sorted(name for _, _, names in os.walk(place) for name in names)",
        "sorted(subprocess.check_output(['ls', place]).split())",
        "sorted(subprocess.check_output(['find', place, '-type', 'f', '-printf', '%f ']).split())",
        "pandas.concat(map(pandas.read_csv, glob.glob(place + '/*.csv')))['x'].sum()",
        "polars.read_csv(place + '/*.csv').to_dicts()",
        "pyarrow.dataset.dataset(glob.glob(place + '/*.csv'), format='csv').count_rows()",
    ),
}
TARGETS: Mapping[Kind, tuple[str, ...]] = {
    "text": ("a.txt", "d/b.txt", "d/e/c.txt"),
    "table": ("t.csv", "d/u.csv", "d/e/v.csv"),
    "columns": ("t.parquet", "e/u.parquet"),
    "database": ("t.sqlite", "e/u.sqlite"),
    "module": ("lib/faroff.py", "e/lib/faroff.py"),
    "folder": ("d", "d/e"),
}
# Expressions of a path. $base is its folder outside, or "" for code; $all is $rest and `last`.
SPELLINGS = {
    "literal": "'$base$all'",
    "joined": "os.path.join('$base', *'$all'.split('/'))",
    "divided": "str(pathlib.Path('$base') / '$all')",
    "added": "'$base$rest' + chr(ord(last))",
    "formatted": "f'$base$rest{last}'",
    "imported": "${name}_places.PLACE",
    "configured": "json.load(open('$name.json'))['place']",
}
FROM_CODE = {
    "of_cwd": "os.path.join(os.getcwd(), '$all')",
    "of_path_cwd": "str(pathlib.Path.cwd() / '$all')",
    "absolute": "os.path.abspath('$rest' + last)",
}
FROM_HOME = {
    "of_home": "str(pathlib.Path.home() / 'FROM_HOME' / '$all')",
    "expanded": "os.path.expanduser('~/FROM_HOME/$all')",
}
# The cell reads by itself, or calls a function, a module or another process.
CELLS = {
    "cell": "$setup\nplace = $place\n$result = $value",
    "function": "$setup\ndef read(place):\n    return $value\n$result = read($place)",
    "default": "$setup\ndef read(place=$place):\n    return $value\n$result = read()",
    "module": "import ${name}_module\n$result = ${name}_module.read()",
    "child": "$result = subprocess.check_output([sys.executable, '${name}_child.py'])",
}
FILES = {
    "module": "$setup\ndef read():\n    place = $place\n    return $value\n",
    "child": "$setup\nplace = $place\nprint(repr($value))\n",
}
PLACES = {
    "imported": ("${name}_places.py", "PLACE = 'PATH'"),
    "configured": ("$name.json", '{"place": "PATH"}'),
}
MODULES = (  # noqa: SIM905 a list would take twenty lines
    "csv fileinput glob importlib json linecache mmap os pandas pathlib polars pyarrow.csv"
    " pyarrow.dataset pyarrow.parquet runpy shutil sqlite3 subprocess sys"
).split()


@dataclass(frozen=True)
class Program:
    """The code of a cell, the files beside it, and what it reads.

    It reads `first`, at the path `targets[0]`, which differs if that is a link. In `named`, files
    that name the path, PATH stands for it. A change lets them name `targets[1]`.
    """

    code: str
    files: Mapping[str, str]
    named: Mapping[str, str]
    kind: Kind
    first: str
    targets: tuple[str, str]
    is_outside: bool


def draw(
    chance: random.Random, count: int, *, missing: Collection[str] = (), has_outside: bool = True
) -> dict[str, Program]:
    """Return programs by name, each with a reader of its own. They use no library of `missing`."""
    readers = [
        (kind, reader)
        for kind, expressions in READERS.items()
        for reader in expressions
        if not (missing and kind == "columns") and not any(name in reader for name in missing)
    ]
    return {
        f"drawn{n}": _program(chance, f"drawn{n}", *reader, has_outside)
        for n, reader in enumerate(chance.sample(readers, count))
    }


def _program(
    chance: random.Random, name: str, kind: Kind, reader: str, has_outside: bool
) -> Program:
    is_outside = has_outside and chance.random() < 0.5
    first, second = chance.sample(TARGETS[kind], 2)
    link = chance.choice(_links(kind, is_outside))
    target = _link_to(first) if link == "earlier" else first
    spellings = SPELLINGS | (FROM_HOME if is_outside else FROM_CODE)
    spelling, site = chance.choice(list(spellings)), chance.choice(list(CELLS))
    base = "OUTSIDE/" if is_outside else ""
    values = {"name": name, "base": base, "all": target, "rest": target[:-1]}
    place = Template(spellings[spelling]).substitute(values)
    values |= {"setup": f"last = {target[-1]!r}", "result": RESULT, "value": reader}
    lines = ""
    if link in ("symlink", "link"):
        lines = f"$setup\nos.{link}(os.path.abspath({place}), '{name}_link')\n"
        place = f"'{name}_link'"

    def source(template: str) -> str:
        return Template(template).substitute(values, place=place)

    cell = source(lines + CELLS[site]).replace("\n", "\n    ")
    code = (
        f"try:\n    {cell}\nexcept Exception as error:\n    {RESULT} = type(error).__name__\n"
        f"finally:\n    pathlib.Path('{name}_link').unlink(missing_ok=True)"
    )
    files = {f"{name}_{site}.py": source(FILES[site])} if site in FILES else {}
    named = {source(path): text for key, (path, text) in PLACES.items() if key == spelling}
    return Program(
        _with_imports(code, name),
        {path: _with_imports(text, name) for path, text in files.items()},
        {path: text.replace("PATH", f"{base}PATH") for path, text in named.items()},
        kind,
        first,
        (target, second),
        is_outside,
    )


def _links(kind: Kind, is_outside: bool) -> list[str]:
    """Return the ways to reach a target: links in the code's own folder, and earlier ones."""
    made = [] if kind == "module" else ["symlink"]
    if not is_outside and kind != "folder" and made:
        made.append("link")
    return ["", *made, *(["earlier"] if is_outside else [])]


def _with_imports(code: str, name: str) -> str:
    modules = [*MODULES, f"{name}_places"]
    used = [module for module in modules if re.search(rf"(?<![.\w]){module}\.", code)]
    return "".join(f"import {module}\n" for module in used) + code


def _link_to(target: str) -> str:
    return f"links/{target.replace('/', '_')}"


def lay_drawn(project: Project, programs: Mapping[str, Program]) -> Changes:
    """Put these programs there, over the same files. Return changes of what they read."""
    root = project.root
    _lay_targets(root)
    if any(program.is_outside for program in programs.values()):
        _lay_targets(outside_of(root))
        (outside_of(root) / "links").mkdir()
        for path in (path for paths in TARGETS.values() for path in paths):
            (outside_of(root) / _link_to(path)).symlink_to(outside_of(root) / path)
    changes: dict[str, Callable[[Path], object]] = {"notes.md changed": partial(_write, "notes.md")}
    for name, program in programs.items():
        for path, text in program.files.items():
            (root / path).write_text(_at(root, text))
        lay_notebook(project, name, _at(root, program.code))
        for path, text in program.named.items():
            texts = [_at(root, text.replace("PATH", target)) for target in program.targets]
            (root / path).write_text(texts[0])
            changes[f"{path} names another"] = partial(_alternate, path, texts)
        changes |= _changes_of(program)
    return changes


def _at(root: Path, text: str) -> str:
    outside = outside_of(root)
    text = text.replace("FROM_HOME", os.path.relpath(outside, Path.home()))
    return text.replace("OUTSIDE", str(outside))


def _lay_targets(tree: Path) -> None:
    for kind, paths in TARGETS.items():
        for path in paths:
            (tree / path if kind == "folder" else (tree / path).parent).mkdir(
                parents=True, exist_ok=True
            )
            if kind == "database":
                with sqlite3.connect(tree / path) as c:
                    c.execute("create table t (x)")
                c.close()
            elif kind != "folder":
                _write(path, tree)


def _changes_of(program: Program) -> Iterator[tuple[str, Callable[[Path], object]]]:
    """Yield what may happen to the file or folder that a program reads."""
    tree = outside_of if program.is_outside else Path
    side = "outside " if program.is_outside else ""
    target = program.first
    acts: dict[str, Callable[[Path], object]]
    if program.kind == "folder":
        names = [f"{target}/new.txt", f"{target}/new.csv", f"{target}/new/in.csv"]
        acts = {f"{name} is there or gone": partial(_toggle, name) for name in names}
        name = f"{target}/{'b.txt' if target == 'd' else 'c.txt'}"
        acts[f"{name} changed"] = partial(_write, name)
    elif program.kind == "database":
        acts = {f"{target} changed": partial(_insert, target)}
    else:
        acts = {
            f"{target} changed": partial(_write, target),
            f"{target} was replaced": partial(_replace, target),
            f"{target} is there or gone": partial(_toggle, target),
            f"{target} was touched": partial(_touch, target),
        }
    if program.targets[0] != target:
        paths = (target, *program.targets)
        acts[f"{program.targets[0]} leads elsewhere"] = partial(_link_elsewhere, paths)
    for name, act in acts.items():
        yield side + name, partial(_in_tree, act, tree)


def _in_tree(act: Callable[[Path], object], tree: Callable[[Path], Path], root: Path) -> object:
    return act(tree(root))


def _write(path: str, root: Path) -> None:
    """Give a file other content of the same kind; half of the texts are as long as before."""
    place, value = root / path, random.random()
    if place.suffix == ".parquet":
        pl.DataFrame({"x": [value]}).write_parquet(place)
    elif place.suffix == ".py":
        # a cache of Python goes by time in seconds and by length
        place.write_text(f"V = {value}\n" + "#" * random.randrange(999))
    elif place.suffix == ".csv":
        place.write_text("x\n" + f"{value}\n" * random.randrange(1, 9))
    else:
        place.write_text(f"{value:.10f}" * random.choice([1, 1, 2]))


def _replace(path: str, root: Path) -> None:
    aside = Path(path).with_stem("aside")
    _write(str(aside), root)
    (root / aside).replace(root / path)


def _toggle(path: str, root: Path) -> None:
    place = root / path
    if place.exists():
        place.unlink()
    else:
        place.parent.mkdir(exist_ok=True)
        _write(path, root)


def _touch(path: str, root: Path) -> None:
    (root / path).touch()


def _insert(path: str, root: Path) -> None:
    with sqlite3.connect(root / path) as c:
        c.execute("insert into t values (1)")
    c.close()


def _link_elsewhere(paths: tuple[str, str, str], root: Path) -> None:
    first, link, second = (root / path for path in paths)
    is_first = os.readlink(link) == str(first)
    link.unlink()
    link.symlink_to(second if is_first else first)


def _alternate(path: str, texts: list[str], root: Path) -> None:
    first, second = texts
    (root / path).write_text(second if (root / path).read_text() == first else first)
