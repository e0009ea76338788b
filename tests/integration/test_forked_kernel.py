"""A forked kernel, which communicates through a socket pair, returns what a started kernel
returns."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nbyard.domain.attempts.structs import EXECUTED, NotebookWork, Result
from nbyard.runtimes.process import ProcessRuntime
from nbyard.runtimes.supervisor_parents import Parents
from nbyard.testing.conformance.runtimes import STORE, finish, place_attempt

CELLS = (
    "import sys; print('one'); print('two', file=sys.stderr); print('three'); 4",
    "from IPython.display import display, HTML, clear_output\nh = display(HTML('<b>5</b>'),"
    " display_id='h')\nh.update(HTML('<i>6</i>'))",
    "print('gone'); clear_output(wait=True); print('stays')",
    "import os\npid = os.fork()\nif pid == 0:\n    print('in a child', flush=True); os._exit(0)\n"
    "print('it ended with', os.waitpid(pid, 0)[1])",
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
ERRORS = ("1 / 0", "input()", "1 +", "raise SystemExit(3)", "async def f(): 1/0\nawait f()")


@pytest.fixture
def parents(monkeypatch: pytest.MonkeyPatch) -> Iterator[Parents]:
    # with it a kernel does not look after what is written past Python
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    parents = Parents(ready_kernels=0, ready_bytes=0)
    ProcessRuntime(parents=parents).open(STORE)
    yield parents
    parents.close()


def notebook(*sources: str, tags: tuple[str, ...] = ()) -> dict[str, Any]:
    cells: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "id": f"c{number}",
            "metadata": {"tags": list(tags)},
            "source": source,
            "outputs": [],
            "execution_count": None,
        }
        for number, source in enumerate(sources)
    ]
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}


def run(
    folder: Path, whole: dict[str, Any], parents: Parents | None
) -> tuple[Result, dict[str, Any]]:
    """Return the result and the executed notebook."""
    runtime = ProcessRuntime(parents=parents)
    work = NotebookWork("code/n.ipynb", "python3", "python", {})
    order = place_attempt(folder, "", {}, "", work=work, directory="code")
    (order.folder / "code" / "n.ipynb").write_text(json.dumps(whole))
    runtime.start(order)
    return finish(runtime, order), json.loads((order.folder / EXECUTED).read_text())


def said(folder: Path, whole: dict[str, Any], parents: Parents | None) -> dict[str, Any]:
    """Return the executed notebook, without times."""
    result, executed = run(folder, whole, parents)
    assert result.failure is None, result.failure
    for cell in executed["cells"]:
        assert cell["metadata"].pop("execution")
    return executed


def test_forked_kernel_returns_the_same_outputs(tmp_path: Path, parents: Parents) -> None:
    whole = notebook(*CELLS)
    assert said(tmp_path, whole, parents) == said(tmp_path, whole, None)


def test_forked_kernel_fails_with_the_same_message(tmp_path: Path, parents: Parents) -> None:
    whole = notebook(*ERRORS, tags=("raises-exception",))
    assert said(tmp_path, whole, parents) == said(tmp_path, whole, None)


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
    whole = notebook("import sys; 1 + 1", last, "print('never')")
    result, executed = run(tmp_path, whole, parents if is_forked else None)
    assert result.state == "succeeded", result.failure
    assert [cell["execution_count"] for cell in executed["cells"]] == [1, 2, None]


@pytest.mark.parametrize("last", ["sys.exit(3)", "sys.exit('no data')", "raise SystemExit('0 ')"])
def test_exit_with_an_error_code_fails(tmp_path: Path, parents: Parents, last: str) -> None:
    result, _ = run(tmp_path, notebook("import sys", last, "print('never')"), parents)
    assert result.failure is not None and result.failure.error_name == "SystemExit"


@pytest.mark.parametrize("is_forked", [True, False], ids=["forked", "started"])
@pytest.mark.parametrize("half", ["\ud83d", "\udc80"], ids=["high", "escaped byte"])
def test_lone_surrogate_in_code_fails_its_cell(
    tmp_path: Path, parents: Parents, half: str, is_forked: bool
) -> None:
    """The codec of kernels rejects one half of a pair, and replaces the other."""
    whole = notebook("1 + 1", f"text = '{half}'", "print('never')")
    result, executed = run(tmp_path, whole, parents if is_forked else None)
    failure = result.failure
    assert failure is not None, result
    assert (failure.kind, failure.cell, failure.error_name) == ("error", 1, "UnicodeEncodeError")
    assert "surrogates not allowed" in failure.message
    assert [len(cell["outputs"]) for cell in executed["cells"]] == [1, 0, 0]


def test_user_configuration_applies_to_the_forked_kernel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This includes configuration that is newer than the parent process."""
    profile = tmp_path / "ipython" / "profile_default"
    monkeypatch.setenv("IPYTHONDIR", str(profile.parent))
    parents = Parents(ready_kernels=0, ready_bytes=0)
    ProcessRuntime(parents=parents).open(STORE)
    whole = notebook("import builtins; print(getattr(builtins, 'own', None))")
    try:
        before = said(tmp_path, whole, parents)
        (profile / "ipython_config.py").write_text("import builtins; builtins.own = 1")
        after = said(tmp_path, whole, parents)
    finally:
        parents.close()
    texts = [one["cells"][0]["outputs"][0]["text"] for one in (before, after)]
    assert texts == ["None\n", "1\n"]
