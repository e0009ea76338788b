"""Count the conformance tests of CWL v1.2 that pass.

    python benchmarks/cwl_conformance.py FOLDER [--all] [--only ID…] [--smallest]
    python benchmarks/cwl_conformance.py FOLDER --runtime docker [--image IMAGE]

FOLDER is a checkout of github.com/common-workflow-language/cwl-v1.2. The tests with the tags
`command_line_tool` and `required` run, with `--all` also the optional ones. Each is one command:
`nbyard run TOOL --job JOB`, with a store of its own for all of them. In containers, the tools name
images of registries; `--image` is one for all of them, with Python and a shell. With `--smallest`,
the suite is a test that this script writes.

| result | meaning |
|---|---|
| passed | the outputs are the expected ones |
| failed as expected | the tool has to fail or be refused, and is |
| refused | nbyard refuses a part of the tool or of its job |
| failed | the run failed |
| different | the run succeeded, and an output is not the expected one |
| not refused | the tool has to fail or be refused, and its run succeeded |
"""

import argparse
import contextlib
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from parts.cwl_outputs import Outputs
from parts.paired import options_of, print_line

sys.path.append(str(Path(__file__).resolve().parents[1]))
from tests.support.forked_shells import ForkedShell, StoreShell

SUITE = "conformance_tests.yaml"
TOOL, REQUIRED = "command_line_tool", "required"
PASSED, EXPECTED = "passed", "failed as expected"
RESULTS = (PASSED, EXPECTED, "refused", "failed", "different", "not refused")
REFUSED_CODES = (2, 3)
SMALLEST = """
- {id: smallest, tool: tool.cwl, job: job.yml, tags: [required, command_line_tool],
   output: {said: {class: File, location: said.txt, size: 3, contents: "hi\\n"}}}
"""
SMALLEST_TOOL = """
{cwlVersion: v1.2, class: CommandLineTool, baseCommand: cat, stdout: said.txt,
 inputs: {text: {type: File, inputBinding: {}}}, outputs: {said: {type: stdout}}}
"""
SMALLEST_JOB = 'text: {class: File, contents: "hi\\n"}'


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, help="a checkout of cwl-v1.2")
    parser.add_argument("--all", action="store_true", help="the optional tests, too")
    parser.add_argument("--only", nargs="+", default=[], metavar="ID", help="only these tests")
    parser.add_argument("--runtime", default="process")
    parser.add_argument("--image", default="", help="the image of all tools, with Python")
    options = options_of(parser)
    with tempfile.TemporaryDirectory() as name:
        own = Path(name)
        if options.folder is None:
            if not options.smallest:
                parser.error("name a checkout of github.com/common-workflow-language/cwl-v1.2")
            options.folder = smallest_suite(own / "suite")
        suite = [test for test in read_suite(options.folder / SUITE) if TOOL in test["tags"]]
        if not options.all:
            suite = [test for test in suite if REQUIRED in test["tags"]]
        if options.only:
            suite = [test for test in suite if test["id"] in options.only]
        with store_shell(own / "store") as shell:
            rows = [run_test(shell, test, options.runtime, options.image) for test in suite]
    report(suite, rows)


def smallest_suite(folder: Path) -> Path:
    """Write a suite of one test, and return its folder."""
    folder.mkdir()
    for name, text in ((SUITE, SMALLEST), ("tool.cwl", SMALLEST_TOOL), ("job.yml", SMALLEST_JOB)):
        (folder / name).write_text(text)
    return folder


def read_suite(file: Path) -> Iterator[dict[str, Any]]:
    """Yield the tests of a file and of those that it imports, each with its folder."""
    for test in yaml.safe_load(file.read_text()):
        if "$import" in test:
            yield from read_suite(file.parent / test["$import"])
        else:
            yield {**test, "folder": file.parent}


@contextlib.contextmanager
def store_shell(store: Path) -> Iterator[StoreShell]:
    """Yield a shell with a store of its own."""
    forked = ForkedShell()
    shell = StoreShell(forked, store)
    try:
        yield shell
    finally:
        shell.close()
        forked.close()


def run_test(shell: StoreShell, test: dict[str, Any], runtime: str, image: str) -> tuple[str, str]:
    """Return the result of a test, and its reason."""
    # nbyard reads the tool called `main` of a document with several ones.
    command = ["run", test["tool"].removesuffix("#main"), "--runtime", runtime, "--force", "--json"]
    if image:
        command += ["--image", image]
    if test.get("job"):
        command += ["--job", test["job"]]
    done = shell(*command, folder=test["folder"])
    result, why = judged(done, test, shell.store)
    sys.stderr.write(f"{test['id']}: {result}{why and ': '}{why}\n")
    return result, why


def judged(done: Any, test: dict[str, Any], store: Path) -> tuple[str, str]:
    """Return the result of a command for a test, and its reason."""
    if test.get("should_fail"):
        return (EXPECTED, "") if done.code else ("not refused", "")
    if done.code:
        return result_of_failure(done)
    (task,) = [task for task in done.json["tasks"] if task["node"] == "main"]
    wanted = test.get("output") or {}
    if imported := wanted.get("$import"):
        wanted = json.loads((test["folder"] / imported).read_text())
    why = Outputs(store, task["artifacts"]).difference(wanted)
    return ("different", why) if why else (PASSED, "")


def result_of_failure(done: Any) -> tuple[str, str]:
    """Return the result of a command that failed, and its reason."""
    lines = done.err.strip().splitlines()
    errors = [line for line in lines if line.startswith("Error:")] or lines[-1:]
    if done.code in REFUSED_CODES or not done.out:
        result = "refused" if done.code in REFUSED_CODES else "failed"
        return result, (errors or [""])[0].removeprefix("Error: ")
    failures = [task["failure"] for task in done.json["tasks"] if task["failure"]]
    return "failed", json.dumps(failures[0]["reason"] if failures else errors)


def report(suite: list[dict[str, Any]], rows: list[tuple[str, str]]) -> None:
    """Write a table to standard error and a line of JSON to standard output."""
    both = list(zip(suite, rows, strict=True))
    required = Counter(row[0] for test, row in both if REQUIRED in test["tags"])
    all_tests = Counter(row[0] for _, row in both)
    lines = [f"{'result':20} {'required':>8} {'all':>6}"]
    lines += [f"{name:20} {required[name]:8} {all_tests[name]:6}" for name in RESULTS]
    for name, counts in (("required", required), ("all", all_tests)):
        lines.append(f"{name}: {counts[PASSED] + counts[EXPECTED]} of {counts.total()} pass")
    sys.stderr.write("\n".join(lines) + "\n")
    print_line(
        "conformance tests of CWL v1.2",
        required={name: required[name] for name in RESULTS},
        all={name: all_tests[name] for name in RESULTS},
        reasons={test["id"]: list(row) for test, row in both if row[0] not in (PASSED, EXPECTED)},
    )


if __name__ == "__main__":
    main()
