"""Automations of ann on events, whose runs execute small scripts."""

from typing import Any

import msgspec
import pytest

from nbyard.domain.automations.structs import Automation, NewAutomation

TOOL = {
    "version": 1,
    "arguments": [
        {
            "name": "source",
            "role": "input",
            "required": True,
            "reach": {"kind": "option", "flag": "--source"},
        },
        {
            "name": "times",
            "type": "int",
            "default": 1,
            "reach": {"kind": "option", "flag": "--times"},
        },
    ],
}


class EventAutomations:
    """Creates automations from plain data."""

    def __init__(self, yard: Any, ann: Any):
        self.service, self.ann = yard.services.automations, ann
        self.root = yard.context.files.root
        for name in ("report", "train", "load"):
            (self.root / f"{name}.py").write_text("print()\n")
        (self.root / "tool.py").write_text("print()\n")
        (self.root / "tool.py.nbexec").write_bytes(msgspec.json.encode(TOOL))

    def create(self, on: dict[str, Any], path: str = "report.py", **body: Any) -> Automation:
        """Create an automation."""
        run = {"path": path, **body.pop("run", {})}
        return self.service.create(
            self.ann, msgspec.convert({"run": run, "on": on, **body}, NewAutomation)
        )

    def after(self, source: str, target: str, **body: Any) -> Automation:
        """Create an automation that runs one script after another."""
        return self.create({"kind": "run", "path": source}, target, **body)


@pytest.fixture
def automations(yard, ann):
    return EventAutomations(yard, ann)
