"""HOUSE 6.13: what is stored, sent or compared is a code; only the edges hold its sentence.

A refusal or hint that no row keeps is plain text where it is raised.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from .sources import PACKAGE, nodes

# Three words of a text in a row; a field of an f-string counts as one.
SENTENCE = re.compile(
    r"\b[a-z]{2,} (?:[a-z]+ )?(?:[a-z]{2,}|\{\}) (?:[a-z]{2,}|\{\})"
    r"|(?:[A-Z][a-z]+|\{\}) (?:[a-z]{2,}|\{\}) [a-z]{2,}"
)
PATTERN = re.compile(r"\\|\||\bselect\b")
# The log, and errors that stop a program: developers and administrators read these.
LOGGED = frozenset(
    {
        *("critical", "debug", "error", "exception", "info", "log", "warning"),
        *("AssertionError", "AttributeError", "KeyError", "OSError", "RuntimeError"),
        *("BadZipFile", "StaleState", "TraitError", "TypeError", "ValidationError", "ValueError"),
        *("NotConstant", "WrongEncoding"),
    }
)
# What is wrong with a field of a request.
REFUSALS = frozenset({"Detail", "Invalid", "refused_field"})
# A list of words, a program, and what a thread does, for the log.
NO_TEXT = frozenset({"compile", "execute", "split", "submit", "start"})
# The parts that render texts, and the programs that stand alone where there is no catalogue.
EDGES = (
    *("cli/", "magics/", "reasons/codes/", "settings.py", "testing/"),
    *("runner/", "serving/"),
    "rest/openapi.py",
    "rest/proxy/error_pages.py",
    "rest/server_hooks/prometheus_metrics.py",
    # documents and messages that nbyard writes
    *(
        "domain/crates/",
        "domain/lineage/",
        "domain/notebooks/writer.py",
        "domain/notices/messages.py",
    ),
    *("domain/projects/starters.py", "domain/repeats/", "host/user_unit/unit_text.py"),
    *("images/model_images.py", "services/spelling/", "store/migrations/"),
)
# How many texts each other module has: messages of other programs that nbyard recognizes, words
# that users type, lists of words, lines of logs, descriptions that users may edit, and the help of
# forms.
KNOWN = {
    "dispatch/attempts/outcomes/missing_file_reasons.py": 3,
    "dispatch/runs/controller.py": 1,
    "dispatch/runs/ready_tasks.py": 1,
    "dockerd/engine_messages.py": 4,
    "domain/arguments/structs.py": 1,
    "domain/arguments/text_values.py": 4,
    "domain/attempts/failed_starts.py": 3,
    "domain/attempts/missing_modules.py": 1,
    "domain/attempts/monitor_links.py": 1,
    "domain/attempts/undeclared_files.py": 1,
    "domain/caching/file_probes.py": 1,
    "domain/caching/parsed_options.py": 1,
    "domain/caching/probe_calls.py": 6,
    "domain/comparison/structs.py": 5,
    "domain/credentials.py": 9,
    "domain/deployments/creation_form.py": 19,
    "domain/deployments/deployment_status.py": 5,
    "domain/deployments/failure_line.py": 3,
    "domain/environments/requirements.py": 1,
    "domain/environments/structs.py": 1,
    "domain/images/structs.py": 2,
    "domain/naming/names.py": 1,
    "domain/notebooks/bash_parameters.py": 1,
    "domain/notebooks/parameter_cells.py": 1,
    "domain/notebooks/r_parameters.py": 1,
    "domain/projects/schedule_entries.py": 1,
    "domain/runs/samples.py": 1,
    "domain/schedules/dialects.py": 1,
    "domain/schedules/phrases.py": 2,
    "field_suggestions.py": 1,
    "freezing/pinned_nodes.py": 1,
    "host/installers.py": 1,
    "host/kernels/installed_kernels.py": 1,
    "images/builds.py": 1,
    "importers/cwl/inputs.py": 1,
    "importers/cwl/rewrite_in_cwl_terms.py": 1,
    "importers/nb_workflows/workflow_reader.py": 2,
    "kinds/model.py": 2,
    "runtimes/dask/worker_functions.py": 1,
    "runtimes/docker/attempts/secret_output.py": 1,
    "runtimes/docker/checks/gpu_check.py": 1,
    "runtimes/docker/deployment_containers.py": 1,
    "runtimes/process.py": 1,
    "services/environments/service.py": 2,
    "services/notices/service.py": 2,
    "services/schedules/run_requests.py": 1,
    "store/database/database_connection.py": 3,
    "store/database/portable_rows.py": 4,
    "store/runs/past_results.py": 1,
    "store/schema/index_conditions.py": 3,
    "tabular/polars_frames.py": 1,
}


def sentences(found: Iterable[ast.AST]) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of each sentence that code composes or holds."""
    found = tuple(found)
    others: set[int] = set()
    for node in found:
        match node:
            case ast.Expr(value=ast.Constant() as docstring):
                others.add(id(docstring))
            case ast.JoinedStr(values=values):
                others |= set(map(id, values))
            case ast.Raise():
                others |= set(map(id, ast.walk(node)))
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)):
                if name in LOGGED | NO_TEXT | REFUSALS:
                    others |= set(map(id, ast.walk(node)))
    for node in found:
        text = _text(node)
        if id(node) not in others and SENTENCE.search(text) and not PATTERN.search(text):
            yield node.lineno, text  # type: ignore[attr-defined]


def _text(node: ast.AST) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            return "".join(
                str(part.value) if isinstance(part, ast.Constant) else "{}" for part in values
            )
    return ""


def _sources() -> Iterator[tuple[str, Path]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if not name.startswith((*EDGES, "labextension/")):
            yield name, path


def test_no_module_within_composes_a_sentence() -> None:
    """It would end in the store, in a response or in an event, where nothing can translate it."""
    found = {name: [*sentences(nodes(path))] for name, path in _sources()}
    counts = Counter({name: len(texts) for name, texts in found.items() if texts})
    new = {name: found[name] for name in counts if counts[name] > KNOWN.get(name, 0)}
    assert new == {}, "write because('CODE', …): reasons/codes has the codes"
    assert {name: counts[name] for name in KNOWN} == KNOWN, "lower the number of the module"


@pytest.mark.parametrize(
    "code",
    [
        'origin = f"rolled back to {number}"',
        'return "the worker that had begun it is gone"',
        'notes.append(f"The hint {name} is left out.")',
        'because("failed", message=f"no answer in {seconds} s")',
    ],
)
def test_such_code_is_found(code: str) -> None:
    assert [line for line, _ in sentences(ast.walk(ast.parse(code)))] == [1]


@pytest.mark.parametrize(
    "code",
    [
        'def f():\n    """Return what the user sees."""',
        'log.info("the dispatcher of %s ended", name)',
        'raise ValueError("a row of another table")',
        'raise Conflict("The run has not ended.", hint="Cancel the run, or wait until it ends.")',
        'details.append(Detail(path, "The name is already taken."))',
        'NAMES = "count help store version".split()',
        'because("rolled-back", revision=3)',
    ],
)
def test_other_code_is_allowed(code: str) -> None:
    assert [*sentences(ast.walk(ast.parse(code)))] == []
