"""Files that code opens by itself, from what was observed to the arguments that declare them."""

import posixpath

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nbyard.domain.arguments.bindings import File, Handed, Option
from nbyard.domain.arguments.structs import Argument, check_arguments
from nbyard.domain.attempts.structs import Observed
from nbyard.domain.attempts.undeclared_files import check_files, find_undeclared, free_name
from nbyard.errors import Invalid
from nbyard.reasons.structs import because

FILE = "work/clean.ipynb"
DATA = Argument("data", "input", format="folder", reach=File("data"))


def told(read=(), written=(), arguments=(), passing=(), file=FILE):
    seen = Observed([*read], [], written=[*written], passing=[*passing])
    return [(one.role, one.path, one.name) for one in find_undeclared(seen, file, arguments)]


def test_read_and_written_data_is_reported_relative_to_the_code():
    found = told(
        ["data/iris.csv", "work/a.csv", "work/result.csv"], ["work/result.csv"], passing=["work/t"]
    )
    assert found == [
        ("input", "../data/iris.csv", "iris"),
        ("input", "a.csv", "a"),
        ("output", "result.csv", "result"),
    ]


@pytest.mark.parametrize(
    "path",
    [
        *(FILE, "work/lib/util.py", "work/other.ipynb", "pyproject.toml", "requirements-dev.txt"),
        *("work/__pycache__/util.pyc", ".git/config", "work/.cache/x", "work/joblib_cache/y.csv"),
        *("work/clean.ipynb.nbexec", "work/fast.so", "run.sh", "db.sqlite-journal", "work/.env"),
    ],
)
def test_code_and_files_of_tools_are_no_data(path):
    assert told([path], [path]) == []
    assert told([path]) == []


def test_files_of_arguments_are_declared():
    arguments = [
        Argument("a", "input", default="a.csv"),
        Argument("b", "output", reach=File("../out/b.csv")),
        Argument("c", default="settings.json", reach=Option("--c")),
    ]
    read = ["work/a.csv", "work/settings.json", "work/c.csv"]
    assert told(read, ["out/b.csv"], arguments) == [("input", "c.csv", "c_csv")]


def test_a_file_of_a_parameter_has_the_name_of_the_parameter():
    arguments = [
        Argument("csv", default="./houses.csv"),
        Argument("model", default="houses.joblib"),
        Argument("prices", default="prices.csv"),
        Argument("table", "input", default="prices.csv"),
    ]
    read = ["work/houses.csv", "work/prices.csv"]
    assert told(read, ["work/houses.joblib"], arguments) == [
        ("input", "houses.csv", "csv"),
        ("output", "houses.joblib", "model"),
    ]


def test_a_file_that_is_changed_in_place_is_an_input_and_an_output():
    def told_of(*arguments):
        seen = Observed(["work/a.csv", "work/b.csv"], written=["work/a.csv", "work/b.csv"])
        found = find_undeclared(seen, FILE, arguments, frozenset({"work/a.csv"}))
        return [(one.role, one.path, one.name) for one in found]

    output = ("output", "b.csv", "b")
    into, out = ("input", "a.csv", "a"), ("output", "a.csv", "a_csv")
    assert told_of() == [into, out, output]
    assert told_of(Argument("a", "input", reach=File("a.csv"))) == [out, output]
    # the code would read its parameter from another path than it writes
    assert told_of(Argument("csv", default="a.csv")) == [("output", "a.csv", "csv"), output]


def test_unwatched_writes_are_not_reported():
    assert find_undeclared(Observed(["work/a.csv"]), FILE, []) == []
    assert (
        find_undeclared(
            Observed(["work/a.csv"], written=[], problem=because("too-many-reads")), FILE, []
        )
        == []
    )
    assert told(["data/"], file="clean.ipynb") == []


def test_the_name_of_an_argument_comes_from_the_file():
    assert free_name("data/Iris-2.tar.gz", []) == "Iris_2"
    assert free_name("2024.csv", []) == "file_2024"
    assert free_name("class.csv", ["file_class"]) == "file_class_csv"
    assert free_name("wine.csv", ["wine", "wine_csv"]) == "wine_csv_2"
    assert free_name("wine", ["wine"]) == free_name("wine.tar.gz", ["wine"]) == "wine_2"
    assert free_name("+.csv", []) == "file"


NAMES = st.text("aé2-. _+", min_size=1, max_size=6).filter(lambda name: name.strip(".") == name)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)


@given(st.lists(PATHS, unique=True), st.lists(PATHS, unique=True), PATHS)
def test_a_reported_file_can_be_declared_and_is_not_reported_again(read, written, file):
    """The arguments pass all checks, lie where the work found the files, and end the matter."""
    paths = {*read, *written, file}
    above = {path[:at] for path in paths for at, one in enumerate(path) if one == "/"}
    assume(file not in above)
    read, written = ([one for one in each if one not in above] for each in (read, written))
    seen = Observed(sorted(read), [], written=sorted(written))
    own = [Argument("result"), Argument("a", reach=Handed())]
    found = [one.argument() for one in find_undeclared(seen, file, own)]
    check_arguments([*own, *found])
    check_files("notebook", file, found)
    places = {posixpath.normpath(path) for path in (*read, *written)}
    assert {one.reach.place(file) for one in found if isinstance(one.reach, File)} <= places
    assert find_undeclared(seen, file, [*own, *found]) == []


@pytest.mark.parametrize(
    ("kind", "apart", "path", "words"),
    [
        ("function", False, "a.csv", "as parameters"),
        ("container", False, "a.csv", "notebooks and scripts"),
        ("command", True, "a.csv", "`found`"),
        ("notebook", False, "../../a.csv", "leaves the code bundle"),
        ("notebook", False, "clean.ipynb", "code file itself"),
    ],
)
def test_files_without_a_possible_place_are_refused(kind, apart, path, words):
    argument = Argument("a", "input", reach=File(path))
    with pytest.raises(Invalid, match=words):
        check_files(kind, FILE, [argument], is_apart=apart)


@pytest.mark.parametrize(
    ("paths", "words"),
    [
        (["../work"], "'../work' contains the code file 'work/clean.ipynb'"),
        (["clean.ipynb/x"], "'clean.ipynb/x' lies in the code file 'work/clean.ipynb'"),
        (["data", "data/x.csv"], "'data/x.csv' lies in 'data', the path of the input 'a0'"),
        (["../d/x", "../d"], "'../d' contains '../d/x', the path of the input 'a0'"),
    ],
)
def test_places_that_contain_each_other_are_refused(paths, words):
    """Moving one place would move the other."""
    arguments = [Argument(f"a{at}", "input", reach=File(path)) for at, path in enumerate(paths)]
    with pytest.raises(Invalid) as refused:
        check_files("notebook", FILE, arguments)
    (detail,) = refused.value.details
    assert (detail.path, detail.message) == (f"arguments.{len(paths) - 1}.reach", words)
    both = Argument("o", "output", reach=File("data"))
    check_files("notebook", FILE, [both, Argument("i", "input", reach=File("data"))])


def test_files_in_a_declared_folder_are_declared():
    found = told(["work/data/x.csv", "work/database.csv"], arguments=[DATA])
    assert found == [("input", "database.csv", "database")]


@pytest.mark.parametrize("path", ["", "/a", "a/../b", "a\0", "..", ".", "a//b", "a/"])
def test_invalid_paths_are_refused(path):
    with pytest.raises(Invalid, match="not a plain path"):
        check_arguments([Argument("a", "input", reach=File(path))])


def test_a_path_has_one_input_and_one_output():
    both = [Argument("a", "input", reach=File("x")), Argument("b", "output", reach=File("x"))]
    check_arguments(both)
    with pytest.raises(Invalid, match="path of another output"):
        check_arguments([*both, Argument("c", "output", reach=File("x"))])
    with pytest.raises(Invalid, match="a single file"):
        check_arguments([Argument("a", reach=File("x"))])
