"""Files of the code that work in a container reads."""

import os
import random
from pathlib import Path

import pytest

from nbyard.domain.attempts.structs import Observed, Output
from nbyard.reasons.structs import because
from nbyard.runtimes.protocol import Order

from ..drawn_programs import LIBRARIES, draw, lay_drawn
from ..observing import PROGRAMS, check_never_stale, lay
from ..test_runs import Project, project
from .bench import BOTH, BUILD, Bench, log_of, result_of
from .test_notebooks import notebook

__all__ = ["project"]

CELLS = (
    "from pathlib import Path\nimport lib\ntext = Path('data/a.csv').read_text()",
    "import subprocess\nsubprocess.run(['cat', 'data/b.csv'], check=True)",
    "import os\nos.listdir('data')\nos.makedirs('out')\nopen('out/result.csv', 'w').write(text)",
)
SHELL = "cat data/a.csv data/b.csv; ls data; mkdir out; cat data/a.csv > out/result.csv"
SHORT = pytest.mark.timeout(900)
LONG = [pytest.mark.long, pytest.mark.timeout(3600)]
MISSING = {"polars", "pattern", "arrow"}  # programs that need libraries
WARM = pytest.mark.parametrize("warm", [False, True], ids=["fresh", "warm"])


def fill(order: Order) -> Order:
    """Write files, one of which is never read."""
    (order.folder / "code/data").mkdir()
    for name in ("data/a.csv", "data/b.csv", "data/c.csv", "lib.py"):
        (order.folder / "code" / name).write_text("")
    return order


def seen(bench: Bench, order: Order, **options: str) -> Observed | None:
    runtime = bench.runtime(image_for=BUILD, **options)
    result = bench.run(fill(order), runtime, 90)
    assert result.state == "succeeded", (result, log_of(order))
    runtime.stop(order, because("text", text="finished"))
    runtime.end_run(bench.run_id)
    return result_of(order).observed


@pytest.mark.sample(2)
@BOTH
@WARM
def test_reads_of_a_notebook_in_a_container_are_observed(
    bench: Bench, python_base_image: str, staging: str, warm: bool
) -> None:
    """Reads of Python and of child processes are observed; the runner watches its own folder.

    A file that the notebook leaves at its own path is its output."""
    bench.image = python_base_image
    outputs = {"r": Output("outputs/r/result.csv", at="code/out/result.csv")}
    order = notebook(bench, *CELLS, warm=warm, outputs=outputs)
    (order.folder / "outputs/r").mkdir()
    found = seen(bench, order, staging=staging)
    assert found is not None and not found.problem
    assert {"data/a.csv", "data/b.csv", "lib.py", "n.ipynb"} <= {*found.read}
    assert "data/c.csv" not in found.read
    assert found.listed == ["data"] and "out/result.csv" in (found.written or [])
    assert result_of(order).outputs == ["r"]
    assert (order.folder / "outputs/r/result.csv").exists()


@pytest.mark.sample(1)
@BOTH
def test_reads_of_a_command_in_a_warm_container_are_observed(
    bench: Bench, python_base_image: str, staging: str
) -> None:
    """A supervisor in the container observes them."""
    bench.image = python_base_image
    found = seen(bench, bench.shell(SHELL, warm=True), staging=staging)
    assert found is not None
    assert {"data/a.csv", "data/b.csv"} <= {*found.read} and "data/c.csv" not in found.read
    assert found.written == ["out/result.csv"]


def test_reads_of_a_command_in_its_own_image_are_unknown(bench: Bench) -> None:
    """No process observes them. Every file of the bundle counts, and the reason says so."""
    assert seen(bench, bench.shell(SHELL)) is None


CONTAINERS = pytest.mark.parametrize(
    "containers", [pytest.param("fresh", marks=pytest.mark.long), "warm"]
)


@pytest.fixture
def in_docker(docker_variables: None, request: pytest.FixtureRequest) -> Project:
    made: Project = request.getfixturevalue("project")
    return made


@pytest.mark.parametrize("rounds", [pytest.param(1, marks=SHORT), pytest.param(60, marks=LONG)])
@CONTAINERS
def test_no_result_of_a_container_is_stale(
    in_docker: Project, tmp_path: Path, containers: str, rounds: int
) -> None:
    """Sixty rounds are a thousand cases."""
    programs = lay(in_docker, [name for name in PROGRAMS if name not in MISSING])
    wish = {"runtime": "docker", "containers": containers}
    check_never_stale(programs, tmp_path / "copy", rounds, **wish)


@pytest.mark.long
@pytest.mark.timeout(3600)
@CONTAINERS
def test_no_result_of_drawn_programs_in_a_container_is_stale(
    in_docker: Project, tmp_path: Path, containers: str
) -> None:
    """200 cases. The image lacks the libraries, and no file is outside the code."""
    chance = random.Random(os.environ["NBYARD_TEST_SEED"])
    changes = lay_drawn(in_docker, draw(chance, 20, missing=LIBRARIES, has_outside=False))
    wish = {"runtime": "docker", "containers": containers}
    check_never_stale(in_docker, tmp_path / "copy", 10, changes, **wish)
