"""Our own importers pass the suite that strangers get (HOUSE 6.10)."""

from pathlib import Path

import pytest

from nbyard.importers.cwl import CwlImporter
from nbyard.importers.protocol import Importer
from nbyard.testing.conformance_importers import ImporterConformance

CASES = Path(__file__).resolve().parents[2] / "cases/cwl"


class TestCwl(ImporterConformance):
    good = ("bindings.cwl", (CASES / "bindings.cwl").read_bytes())
    broken = b"cwlVersion: v1.2\nclass: Workflow\n"

    @pytest.fixture
    def importer(self) -> Importer:
        return CwlImporter()


class TestCwlOfSeveralFiles(TestCwl):
    good = ("secondary.cwl", (CASES / "secondary.cwl").read_bytes())
    broken = b"cwlVersion: v1.2\nclass: CommandLineTool\ninputs: 1\n"
