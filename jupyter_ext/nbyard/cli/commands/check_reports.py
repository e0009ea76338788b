"""Reports of `nbyard check`: for people, and as JUnit XML and SARIF 2.1.0 for CI systems."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, NamedTuple
from urllib.parse import quote
from xml.etree import ElementTree

import msgspec

from nbyard import __version__
from nbyard.domain.environments.references import UsedEnvironment

SARIF = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
# XML 1.0 cannot contain these, not even escaped.
NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
Level = Literal["error", "warning"]


class Finding(NamedTuple):
    """A problem of a file: a code, the text, and the node or field."""

    code: str
    text: str
    place: str = ""
    line: int = 1
    level: Level = "error"


class Checked(NamedTuple):
    """A file with its problems, and what its nodes would use."""

    path: Path
    findings: Sequence[Finding] = ()
    environments: Mapping[str, UsedEnvironment] = MappingProxyType({})  # by node; "" is the file
    commands: Sequence[str] = ()  # add the packages that are missing
    maps: Mapping[str, str] = MappingProxyType({})  # how many elements are cached, by mapped node

    @property
    def is_valid(self) -> bool:
        """Return whether it has no errors."""
        return all(finding.level != "error" for finding in self.findings)


def line_of(document: str, key: str) -> int:
    """Return the line of a JSON text at which a node or connection begins; 1 if unknown."""
    match = re.search(rf"^\s*{re.escape(json.dumps(key))}\s*:", document, re.MULTILINE)
    return document.count("\n", 0, match.end()) + 1 if match else 1


def lines_of(checked: Iterable[Checked]) -> Iterator[str]:
    """Yield what is printed, as compilers do: `file:line: error: text`."""
    for path, findings, environments, commands, maps in checked:
        if not findings:
            yield f"{path}: no problems"
        for finding in findings:
            place = f"{finding.place}: " if finding.place else ""
            yield f"{path}:{finding.line}: {finding.level}: {place}{finding.text}"
        nodes: dict[str, list[str]] = {}
        for node, used in environments.items():
            origin = f"set by the {used.named_by}"
            if used.default:
                origin = f"default of the {used.default.set_by} {used.default.project}".rstrip()
            nodes.setdefault(f"{used.shown}, {origin}", []).append(node)
        for text, names in nodes.items():
            yield f"{path}: environment {text}{': ' if any(names) else ''}{', '.join(names)}"
        yield from (f"{path}: to add the missing packages: {command}" for command in commands)
        yield from (f"{path}: {node}: {text}" for node, text in maps.items())


def fields_of(checked: Checked) -> dict[str, Any]:
    """Return a file with its problems as the fields of a JSON object."""
    return {
        "path": str(checked.path),
        "is_valid": checked.is_valid,
        "findings": [finding._asdict() for finding in checked.findings],
        "environments": msgspec.to_builtins(dict(checked.environments)),
        "commands": [*checked.commands],
        "maps": dict(checked.maps),
    }


def junit_of(checked: Sequence[Checked]) -> str:
    """Return JUnit XML: a test case for each file, with its errors as failures."""
    failed = str(sum(not file_check.is_valid for file_check in checked))
    totals = {"name": "nbyard check", "tests": str(len(checked)), "failures": failed}
    root = ElementTree.Element("testsuites", totals)
    suite = ElementTree.SubElement(root, "testsuite", totals | {"errors": "0", "skipped": "0"})
    for file_check in checked:
        name = _xml(str(file_check.path))
        case = ElementTree.SubElement(suite, "testcase", classname="nbyard.check", name=name)
        for level, tag in (("error", "failure"), ("warning", "system-out")):
            findings = [finding for finding in file_check.findings if finding.level == level]
            if findings:
                element = ElementTree.SubElement(case, tag)
                element.text = _xml("\n".join(lines_of([Checked(file_check.path, findings)])))
            if findings and tag == "failure":
                element.set("message", _xml(findings[0].text))
                element.set("type", findings[0].code)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def sarif_of(checked: Iterable[Checked]) -> str:
    """Return a SARIF log with a result for each problem."""
    results, rules = [], dict[str, None]()
    for path, findings, *_ in checked:
        # A location of SARIF is a URI, in which a space is %20.
        uri = quote(path.as_posix())
        for finding in findings:
            rules[finding.code] = None
            place = {"artifactLocation": {"uri": uri}, "region": {"startLine": finding.line}}
            text = f"{finding.place}: {finding.text}" if finding.place else finding.text
            result = {"ruleId": finding.code, "level": finding.level, "message": {"text": text}}
            results.append(result | {"locations": [{"physicalLocation": place}]})
    driver = {
        "name": "nbyard",
        "version": __version__,
        "rules": [{"id": code, "name": code} for code in rules],
    }
    runs = [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}]
    return json.dumps({"$schema": SARIF, "version": "2.1.0", "runs": runs}, indent=2) + "\n"


def _xml(text: str) -> str:
    return NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text)
