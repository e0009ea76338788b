"""A ready R kernel equals the kernel that would have been started, or it is not used."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from nbyard.domain.environments.structs import EnvironmentRef
from nbyard.kinds.notebook import NotebookKind
from nbyard.reasons.structs import because
from nbyard.testing.conformance.runtimes import STORE, finish, place_attempt, wait_until

from ..notebooks import PARAMETERS, notebook
from .attempts import executed, is_gone, log_of, printed
from .foreign import KERNEL, R, Serves, Yard, kernel_of, one, run_while_ending, serves

__all__ = ["one", "serves"]

TELL = "cat(jsonlite::toJSON({}, auto_unbox = TRUE, digits = NA))"
VOLATILE = ("NBYARD_ATTEMPT", "NBYARD_ATTEMPT_ID", "NBYARD_MARK", "JUPYTER_RUNTIME_DIR")
LOOK = (
    "before <- list(ls(globalenv(), all.names = TRUE), loadedNamespaces(), search(), dev.list())",
    """
block <- readBin("/proc/self/environ", "raw", 1e6)
there <- function(name) length(grepRaw(charToRaw(Sys.getenv(name)), block, fixed = TRUE))
variables <- Sys.getenv()
moving <- c(VOLATILE, "JPY_PARENT_PID", "R_SESSION_TMPDIR", "PWD")
fields <- strsplit(sub(".*[)] ", "", readLines("/proc/self/stat")), " ")[[1]]
status <- grep("^(Sig|Shd)(P|I|C|B)", readLines("/proc/self/status"), value = TRUE)
limits <- readLines("/proc/self/limits")
files <- suppressWarnings(Sys.readlink(dir("/proc/self/fd", full.names = TRUE)))
settings <- options()
settings <- settings[!vapply(settings, is.function, NA)]
TELL
""",
)
STATE = """list(
    names = before[[1]], namespaces = sort(before[[2]]), search = before[[3]],
    devices = before[[4]], variables = as.list(variables[setdiff(names(variables), moving)]),
    told = sapply(c("NBYARD_ATTEMPT_ID", "NBYARD_MARK"), there),
    here = getwd() == file.path(Sys.getenv("NBYARD_ATTEMPT"), "code"),
    temporary = Sys.getenv("R_SESSION_TMPDIR") == tempdir(), arguments = commandArgs()[1:5],
    seed = exists(".Random.seed"), settings = capture.output(str(settings)),
    connections = showConnections(all = TRUE)[, "class"], libraries = .libPaths(),
    locale = Sys.getlocale(), umask = format(Sys.umask()),
    parent = Sys.getenv("JPY_PARENT_PID") == fields[2],
    group = fields[3:4] == Sys.getpid(), signals = status, limits = limits,
    files = sort(sub("(:|Rscript|nby-|/Rtmp).*", "", files[!grepl("^(socket|anon_inode)", files)])),
    place = Sys.getenv("PWD") == getwd(), loaded = names(getLoadedDLLs())
)"""
# Three starts of R that fail, and each work's own, one after the other.
SEVERAL_STARTS = pytest.mark.timeout(360)
QUOTED = "c({})".format(", ".join(map(repr, VOLATILE)))
STATE_CELL = LOOK[1].replace("VOLATILE", QUOTED).replace("TELL", TELL.format(STATE))


def long(value: object) -> Any:
    """Mark a case for `--full`; each start of R takes a second of processor time."""
    return pytest.param(value, marks=pytest.mark.long)


@pytest.fixture
def data(r: R, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Use Jupyter's data folder with the installed kernel; the user has an empty home."""
    (tmp_path / "home").mkdir()
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    monkeypatch.setenv("R_LIBS", str(tmp_path / "library"))
    for name in ("R_PROFILE", "R_PROFILE_USER", "R_ENVIRON", "R_ENVIRON_USER"):
        monkeypatch.delenv(name, raising=False)
    data = Path(os.environ["JUPYTER_DATA_DIR"])
    r.declare(data)
    return data


@pytest.fixture
def yard(data: Path, tmp_path: Path) -> Iterator[Yard]:
    yard = Yard(tmp_path, STORE, language="R")
    yield yard
    yard.close()


@pytest.mark.long
def test_ready_kernel_runs_the_next_notebook(serves: Serves) -> None:
    assert serves()


@pytest.mark.long
def test_ready_kernel_equals_a_started_one(
    yard: Yard, one: psutil.Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names, packages, devices, variables, options, connections, signals, limits, files."""
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    ready = yard.run(LOOK[0], "pid <- Sys.getpid()", STATE_CELL)
    started = yard.run(LOOK[0], "pid <- Sys.getpid()", STATE_CELL, started=True)
    assert yard.is_ready_one(ready, [one])
    was, is_now = printed(started), printed(ready)
    assert {name: (was[name], is_now[name]) for name in was if was[name] != is_now[name]} == {}
    assert was["told"] == [1, 1] and was["here"] and was["place"] and was["temporary"]
    counts = [[cell["execution_count"] for cell in executed(order)] for order in (ready, started)]
    assert counts == [[1, 2, 3], [1, 2, 3]]


def test_values_reach_the_parameters_of_the_notebook(yard: Yard, tmp_path: Path) -> None:
    """The names of its parameters cell, as the form shows them. Other defaults stay."""
    declared = (
        "alpha <- 0.1\nn <- 5L\nnames <- c('a')\nmore <- list(x = 1)\nwords <- ''\non <- TRUE"
    )
    named = "alpha, n, names, more, words, on"
    told = f"list({named}, is.vector(names, 'character'), sum(weights))"
    cells = declared + "\nweights <- c(1, 2)", TELL.format(told)
    content = notebook(*cells, tags=[PARAMETERS], kernel=KERNEL, language="R").encode()
    reading = NotebookKind().read("n.ipynb", content)
    assert reading.hints == []
    awkward = '"it\'s" \\n ${HOME} `x` é 😀'
    given = {"names": [awkward, "b"], "more": {"y": [1, None]}, "words": awkward, "on": False}
    values = {**given, "alpha": 0.5, "weights": [3, 4]}
    work = NotebookKind().work("n.ipynb", reading, values, EnvironmentRef())
    order = place_attempt(tmp_path, "", {}, "", work=work, directory="code")
    (order.folder / "code" / "n.ipynb").write_bytes(content)
    yard.runtime.start(order)
    assert finish(yard.runtime, order).failure is None
    found = printed(order)
    assert found[:3] + found[4:] == [0.5, 5, [awkward, "b"], awkward, False, True, 7]
    assert found[3]["y"][0] == 1


@pytest.mark.long
def test_ready_kernel_returns_the_same_outputs(yard: Yard, one: psutil.Process) -> None:
    cells = (
        "cat('one\\n'); message('two'); 3",
        "system('echo $NBYARD_RUN_ID', intern = TRUE)",
        "warning('careful'); data.frame(a = 1:2)",
        "ls(all.names = TRUE); tryCatch(stop('no'), error = conditionMessage)",
    )
    orders = yard.run(*cells), yard.run(*cells, started=True)
    assert yard.is_ready_one(orders[0], [one])
    ready, started = map(executed, orders)
    assert [cell["outputs"] for cell in ready] == [cell["outputs"] for cell in started]


@pytest.mark.long
def test_no_state_leaks_between_notebooks(yard: Yard, one: psutil.Process) -> None:
    yard.run(
        "x <- 1; library(splines); options(leak = 1); set.seed(7)",
        "Sys.setenv(LEAK = '1'); attach(list(leak = 1)); .libPaths('/')",
        "kept <- file('left-open', 'w'); writeLines('1', file.path(tempdir(), 'leak'));"
        " Sys.setlocale('LC_COLLATE', 'C'); setwd('/')",
    )
    standing = yard.standing()
    found = yard.run(
        "found <- c(exists('x'), 'package:splines' %in% search(), !is.null(getOption('leak')),"
        " exists('.Random.seed'), nzchar(Sys.getenv('LEAK')), exists('leak'),"
        " '/' %in% .libPaths(), file.exists('left-open'), getwd() == '/',"
        " file.exists(file.path(tempdir(), 'leak')), nrow(showConnections()) > 1)",
        TELL.format("found"),
    )
    assert yard.is_ready_one(found, standing)
    assert printed(found) == [False] * 11


@pytest.mark.long
def test_random_streams_differ(yard: Yard, one: psutil.Process) -> None:
    drawn = []
    for _ in range(3):
        standing = yard.standing()
        drawn.append(yard.run(TELL.format("list(runif(1), sample(1e6, 1), tempfile(), tempdir())")))
        assert yard.is_ready_one(drawn[-1], standing)
    assert all(len(set(values)) == 3 for values in zip(*map(printed, drawn), strict=True))


@pytest.mark.long
def test_strings_arrive_unchanged(yard: Yard, one: psutil.Process) -> None:
    """This includes strings with a meaning in R."""
    words = "é 😀 \" ' \\n $HOME `x` %s {y}"
    order = yard.run(TELL.format("Sys.getenv('NBYARD_WORDS')"), environment={"NBYARD_WORDS": words})
    assert yard.is_ready_one(order, [one]) and printed(order) == words


@pytest.mark.long
def test_exit_handlers_run(yard: Yard, one: psutil.Process, tmp_path: Path) -> None:
    mark = tmp_path / "ended"
    words = f"invisible(reg.finalizer(globalenv(), function(e) file.create('{mark}'), TRUE))"
    order = yard.run(words)
    assert yard.is_ready_one(order, [one]) and mark.exists()


@pytest.mark.long
def test_new_package_replaces_the_ready_kernel(serves: Serves, tmp_path: Path) -> None:
    """This includes a package folder that did not exist."""
    (tmp_path / "library" / "fresh").mkdir(parents=True)
    assert not serves()


@pytest.mark.long
def test_changed_kernelspec_replaces_the_ready_kernel(
    r: R, serves: Serves, yard: Yard, data: Path
) -> None:
    r.declare(data, env={"ADDED": "1"})
    assert not serves()
    standing = yard.standing()
    found = yard.run(TELL.format("Sys.getenv('ADDED')"))
    assert yard.is_ready_one(found, standing) and printed(found) == "1"


@pytest.mark.long
@pytest.mark.parametrize("name", [".Rprofile", long(".Renviron")])
def test_startup_files_of_the_user_are_read_for_the_attempt(
    serves: Serves, yard: Yard, tmp_path: Path, name: str
) -> None:
    """Files that are newer than the kernel are read as well. A waiting kernel reads none."""
    ran = tmp_path / "ran"
    words = {
        ".Rprofile": f"cat(Sys.getenv('NBYARD_ATTEMPT'), '\\n', file = '{ran}', append = TRUE)",
        ".Renviron": "COLOUR=red",
    }
    (tmp_path / "home" / name).write_text(words[name] + "\n")
    assert not serves()
    orders = [yard.run(TELL.format("Sys.getenv('COLOUR')")) for _ in range(2)]
    if name == ".Renviron":
        assert [printed(order) for order in orders] == ["red", "red"]
    else:
        assert ran.read_text().split()[1:] == [str(order.folder) for order in orders]
        assert len(ran.read_text().split()) == 3


@pytest.mark.long
@pytest.mark.parametrize("name", [long(".Rprofile"), ".Renviron"])
def test_startup_files_in_the_working_directory_are_read(serves: Serves, name: str) -> None:
    assert not serves(files=[name])


@pytest.mark.long
def test_saved_workspace_in_the_working_directory_is_loaded(
    yard: Yard, one: psutil.Process, tmp_path: Path
) -> None:
    yard.run(f"x <- 5; save.image('{tmp_path}/saved')")
    yard.standing()
    order = yard.place(TELL.format("x"))
    (tmp_path / "saved").rename(order.folder / "code" / ".RData")
    yard.runtime.start(order)
    assert finish(yard.runtime, order).failure is None and printed(order) == 5


@pytest.mark.long
@pytest.mark.parametrize(
    "environment",
    [
        {"R_LIBS": "/x"},
        *map(long, ({"TZ": "Asia/Tokyo"}, {"LC_ALL": "C"}, {"OMP_NUM_THREADS": "1"})),
    ],
)
def test_startup_variables_of_r_take_effect(serves: Serves, environment: dict[str, str]) -> None:
    assert not serves(environment=environment)


@pytest.mark.long
@SEVERAL_STARTS
def test_package_folder_chosen_by_the_directory_is_used(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("R_LIBS_USER", "library")
    yard = Yard(tmp_path, STORE, language="R")
    try:
        for _ in range(3):
            yard.run_own()
            wait_until(lambda: yard.parent.children() == [])
    finally:
        yard.close()


@pytest.mark.long
def test_interrupt_reaches_the_ready_kernel(yard: Yard, one: psutil.Process) -> None:
    order = yard.place("cat('up'); flush.console(); Sys.sleep(100)")
    kernel = kernel_of(one)
    yard.runtime.start(order)
    wait_until(lambda: "up" in log_of(order))
    yard.runtime.stop(order, because("text", text="enough"))
    assert finish(yard.runtime, order).state == "cancelled"
    assert is_gone(kernel)


@pytest.mark.long
@pytest.mark.parametrize("part", [long("runner"), "kernel"])
def test_ready_kernel_that_dies_when_claimed_does_not_fail_the_run(
    yard: Yard, one: psutil.Process, part: str
) -> None:
    """The supervisor uses another runner."""
    assert yard.is_ready_one(run_while_ending(yard, one, part), [one])


@pytest.mark.long
@pytest.mark.parametrize("part", [long("supervisor"), long("runner"), "kernel"])
def test_killed_attempt_leaves_no_process_and_no_folder(
    yard: Yard, one: psutil.Process, part: str, tmp_path: Path
) -> None:
    """This includes detached child processes and folders of R."""
    runner, kernel = one.children(recursive=True)
    order = yard.place("system('setsid sleep 1000 &'); cat('up'); flush.console(); Sys.sleep(1000)")
    yard.runtime.start(order)
    wait_until(lambda: "up" in log_of(order))
    left = [one, *one.children(recursive=True)]
    assert {one.pid, runner.pid, kernel.pid} <= {each.pid for each in left}
    scratch = json.loads((order.folder / "runner.json").read_text())["scratch"]
    assert list(Path(scratch).glob("Rtmp*"))
    (one if part == "supervisor" else {"runner": runner, "kernel": kernel}[part]).kill()
    wait_until(lambda: yard.runtime.poll(order).state in ("finished", "lost"))
    wait_until(lambda: all(map(is_gone, left)))
    yard.standing()
    wait_until(lambda: not Path(scratch).exists())
    assert list((tmp_path / "tmp").glob("Rtmp*")) == []


@pytest.mark.long
@SEVERAL_STARTS
def test_memory_of_a_ready_kernel_counts(data: Path, tmp_path: Path) -> None:
    """It is measured when it is ready, and stopped; no other one is started."""
    yard = Yard(tmp_path, STORE, budget=40 << 20, language="R")
    try:
        for _ in range(3):
            yard.run_own()
            wait_until(lambda: yard.parent.children() == [])
        assert list((tmp_path / "tmp").iterdir()) == []
    finally:
        yard.close()
