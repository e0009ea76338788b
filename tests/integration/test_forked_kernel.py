"""A forked kernel, which communicates through a socket pair, returns what a started kernel
returns."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nbyard.domain.attempts.structs import Result
from nbyard.runtimes.process import ProcessRuntime
from nbyard.runtimes.protocol import Order
from nbyard.runtimes.supervisor_parents import Parents
from nbyard.testing.conformance.runtimes import STORE, finish

from .attempts import executed, log_of, place_notebook

CELLS = (
    "import sys; print('one'); print('two', file=sys.stderr); print('three'); 4",
    "from IPython.display import display, HTML, clear_output\nh = display(HTML('<b>5</b>'),"
    " display_id='h')\nh.update(HTML('<i>6</i>'))",
    "print('gone'); clear_output(wait=True); print('stays')",
    "import threading\none = threading.Thread(target=print, args=('in a thread',))\n"
    "one.start(); one.join()",
    "print('é' * 300_000)",
    "import asyncio, contextvars\nvariable = contextvars.ContextVar('v')\nvariable.set(7);",
    "await asyncio.sleep(0.01)\nprint('awaited')",
    "print(variable.get())\nawait asyncio.gather(asyncio.sleep(0, 8), asyncio.sleep(0, 9))",
    "import comm\none = comm.create_comm(target_name='none', data={'state': {'a': 1}})",
    "%env NBYARD_RUN_NAME=ten\n!echo $NBYARD_RUN_NAME",
    "%%time?",
    "type(get_ipython()).__name__, 'IPKernelApp' in get_ipython().config, __name__, In[1][:10]",
    "x?",
    "print('no newline', end='')",
    "import pickle\nclass A: pass\npickle.loads(pickle.dumps(A())).__class__ is A",
)
# A started ipykernel receives this text through a socket, now and then after that of its parent.
CHILD = """
import os
pid = os.fork()
if pid == 0:
    print('in a child', flush=True)
    os._exit(0)
print('it ended with', os.waitpid(pid, 0)[1])
"""
ERRORS = ("1 / 0", "input()", "1 +", "raise SystemExit(3)", "async def f(): 1/0\nawait f()")


@pytest.fixture
def parents(monkeypatch: pytest.MonkeyPatch) -> Iterator[Parents]:
    # with it a kernel does not look after what is written past Python
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    parents = Parents(ready_kernels=0, ready_bytes=0)
    ProcessRuntime(parents=parents).open(STORE)
    yield parents
    parents.close()


def run(order: Order, parents: Parents | None) -> Result:
    runtime = ProcessRuntime(parents=parents)
    runtime.start(order)
    return finish(runtime, order)


def said(order: Order, parents: Parents | None) -> list[dict[str, Any]]:
    """Return the executed cells, without times."""
    result = run(order, parents)
    assert result.failure is None, result.failure
    cells = executed(order)
    for cell in cells:
        assert cell["metadata"].pop("execution")
    return cells


def test_forked_kernel_returns_the_same_outputs(tmp_path: Path, parents: Parents) -> None:
    forked, started = (place_notebook(tmp_path, *CELLS) for _ in range(2))
    assert said(forked, parents) == said(started, None)


def test_forked_kernel_shows_what_its_fork_prints(tmp_path: Path, parents: Parents) -> None:
    (cell,) = said(place_notebook(tmp_path, CHILD), parents)
    (output,) = cell["outputs"]
    assert (output["name"], output["text"]) == ("stdout", "in a child\nit ended with 0\n")


def test_forked_kernel_fails_with_the_same_message(tmp_path: Path, parents: Parents) -> None:
    tags = [["raises-exception"]] * len(ERRORS)
    forked, started = (place_notebook(tmp_path, *ERRORS, tags=tags) for _ in range(2))
    assert said(forked, parents) == said(started, None)


@pytest.mark.sample(2)
@pytest.mark.parametrize("is_forked", [True, False], ids=["forked", "started"])
@pytest.mark.parametrize(
    "last",
    [
        "sys.exit()",
        "sys.exit(0)",
        "sys.exit(None)",
        "raise SystemExit",
        "exit()",
        "quit",
        "exit(1)",
    ],
)
def test_clean_exit_skips_the_remaining_cells(
    tmp_path: Path, parents: Parents, last: str, is_forked: bool
) -> None:
    """The cells after `exit` do not run, as in papermill."""
    order = place_notebook(tmp_path, "import sys; 1 + 1", last, "print('never')")
    result = run(order, parents if is_forked else None)
    assert result.state == "succeeded", result.failure
    assert [cell["execution_count"] for cell in executed(order)] == [1, 2, None]


@pytest.mark.parametrize("last", ["sys.exit(3)", "sys.exit('no data')", "raise SystemExit('0 ')"])
def test_exit_with_an_error_code_fails(tmp_path: Path, parents: Parents, last: str) -> None:
    result = run(place_notebook(tmp_path, "import sys", last, "print('never')"), parents)
    assert result.failure is not None and result.failure.error_name == "SystemExit"


@pytest.mark.parametrize("is_forked", [True, False], ids=["forked", "started"])
@pytest.mark.parametrize("half", ["\ud83d", "\udc80"], ids=["high", "escaped byte"])
def test_lone_surrogate_in_code_fails_its_cell(
    tmp_path: Path, parents: Parents, half: str, is_forked: bool
) -> None:
    """The codec of kernels rejects one half of a pair, and replaces the other."""
    order = place_notebook(tmp_path, "1 + 1", f"text = '{half}'", "print('never')")
    failure = run(order, parents if is_forked else None).failure
    assert failure is not None
    assert (failure.kind, failure.cell, failure.error_name) == ("error", 1, "UnicodeEncodeError")
    assert "surrogates not allowed" in failure.message
    assert [len(cell["outputs"]) for cell in executed(order)] == [1, 0, 0]


def test_user_configuration_applies_to_the_forked_kernel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This includes configuration that is newer than the parent process."""
    profile = tmp_path / "ipython" / "profile_default"
    monkeypatch.setenv("IPYTHONDIR", str(profile.parent))
    parents = Parents(ready_kernels=0, ready_bytes=0)
    ProcessRuntime(parents=parents).open(STORE)
    cell = "import builtins; print(getattr(builtins, 'own', None))"
    before, after = (place_notebook(tmp_path, cell) for _ in range(2))
    try:
        said(before, parents)
        (profile / "ipython_config.py").write_text("import builtins; builtins.own = 1")
        said(after, parents)
    finally:
        parents.close()
    assert [log_of(order) for order in (before, after)] == ["None\n", "1\n"]
