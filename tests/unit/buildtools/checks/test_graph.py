"""The graph of imports: which tests need a source."""

from pathlib import Path

import pytest

from checks.graph import Graph

PACKAGE = "jupyter_ext/nbyard"
FILES = {
    f"{PACKAGE}/__init__.py": "def hook():\n    import nbyard.domain.runs\n",
    f"{PACKAGE}/domain/__init__.py": "",
    f"{PACKAGE}/domain/runs.py": "",
    f"{PACKAGE}/domain/names.py": "",
    f"{PACKAGE}/services/runs.py": "from nbyard.domain import runs\n",
    f"{PACKAGE}/services/datasets/service.py": "from nbyard.domain.names import check\n",
    f"{PACKAGE}/services/registry.py": "def runs():\n"
    "    from nbyard.services.runs import RunService\n"
    "def datasets():\n    import nbyard.services.datasets.service\n",
    f"{PACKAGE}/starter.py": "COMMAND = ['python', '-m', 'nbyard.dispatch.loop']\n",
    f"{PACKAGE}/dispatch/loop.py": "import nbyard.domain.names\n",
    f"{PACKAGE}/extension.py": "",
    f"{PACKAGE}/testing/plugin.py": "def yard(store):\n    import nbyard.services.registry\n"
    "def store():\n    import nbyard.domain.names\n",
    "tests/unit/conftest.py": "from .shared import thing\n",
    "tests/unit/shared.py": "",
    "tests/unit/test_plain.py": "from nbyard.domain import names\n",
    "tests/unit/test_fixture.py": "def test_it(yard): yard.services.runs.create()\n",
    "tests/unit/test_words.py": "def test_it(yard): call('datasets', 'ls')\n",
    "tests/unit/test_started.py": "import nbyard.starter\n",
    "tests/unit/test_host.py": "def test_it(jp_fetch): jp_fetch('nbyard')\n",
    "buildtools/tool.py": "",
}


@pytest.fixture
def graph(tmp_path: Path) -> Graph:
    for name, text in FILES.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return Graph(tmp_path)


def needing(graph: Graph, *changed: str) -> set[str]:
    return {Path(name).stem for name in graph.affected(changed) if "/test_" in name}


@pytest.mark.parametrize(
    ("changed", "tests"),
    [
        ("domain/names.py", {"test_plain", "test_fixture", "test_words", "test_started"}),
        ("domain/runs.py", {"test_fixture"}),
        ("services/datasets/service.py", {"test_words"}),
        ("dispatch/loop.py", {"test_started"}),
        ("extension.py", {"test_host"}),
    ],
)
def test_a_source_affects_the_tests_that_import_it(graph, changed, tests):
    assert needing(graph, f"{PACKAGE}/{changed}") == tests


def test_the_package_itself_affects_all_that_import_from_it(graph):
    assert "test_plain" in needing(graph, f"{PACKAGE}/__init__.py")


def test_imports_of_a_conftest_affect_the_tests_below_it(graph):
    assert len(needing(graph, "tests/unit/shared.py")) == 5


def test_a_changed_test_affects_itself_only(graph):
    assert needing(graph, "tests/unit/test_plain.py") == {"test_plain"}


@pytest.mark.slow
def test_the_real_graph_is_neither_empty_nor_everything(repository_graph):
    graph = repository_graph
    whole = {name for name in graph.files if name.startswith("tests/") and "/test_" in name}
    proxy = graph.affected([f"{PACKAGE}/rest/proxy/proxy_handlers.py"]) & whole
    assert "tests/unit/rest/proxy/test_proxy_handlers.py" in proxy
    assert len(proxy) < len(whole) / 3
    store = graph.affected([f"{PACKAGE}/store/transition.py"]) & whole
    assert "tests/faults/test_random_kills.py" in store
    assert "tests/unit/store/test_transition.py" in store
    assert "tests/unit/domain/test_ids.py" not in store
