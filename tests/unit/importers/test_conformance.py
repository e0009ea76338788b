"""Our own importers pass the suite that strangers get."""

from pathlib import Path

import pytest

from nbyard.importers.bonseyes import BonseyesImporter
from nbyard.importers.cwl import CwlImporter
from nbyard.importers.nb_workflows import NbWorkflowsImporter
from nbyard.importers.protocol import Importer, ProjectImporter
from nbyard.testing.conformance.importers import ImporterConformance
from nbyard.testing.conformance.projects import ProjectConformance

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


class TestNbWorkflows(ProjectConformance):
    folder = {  # noqa: RUF012  as other suites
        "workflows.yaml": (
            b"version: '0.2'\n"
            b"project: {name: wine}\n"
            b"workflows:\n"
            b"  nightly:\n"
            b"    nbtask: {nb_name: train, notifications_fail: [slack]}\n"
            b"    schedule: {cron: '0 8 * * 1-5'}\n"
        ),
        "local.nbvars": b'API_KEY="s3cr3t"\n',
        "workflows/train.ipynb": b"{}",
    }
    secret = "s3cr3t"

    @pytest.fixture
    def importer(self) -> ProjectImporter:
        return NbWorkflowsImporter()


class TestBonseyes(ProjectConformance):
    folder = {  # noqa: RUF012  as other suites
        "pipeline.yml": b"name: digits\nartifacts: [{name: training-set, tool: split}]\n",
        "split/tool.yml": b"output: {type: data}\n",
        "split/Dockerfile": b"FROM scratch\n",
    }

    @pytest.fixture
    def importer(self) -> ProjectImporter:
        return BonseyesImporter()
