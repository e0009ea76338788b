"""Service operations on the contracts in workflow files: list, propose, accept, pandera."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any

import msgspec

from nbyard.domain.callers import Caller
from nbyard.domain.contracts.pandera import read_pandera, write_pandera
from nbyard.domain.contracts.proposals import (
    MOST_RUNS,
    ContractProposal,
    PastResult,
    new_rules,
    propose,
)
from nbyard.domain.contracts.structs import Contract, OutputContract, PanderaSchema
from nbyard.domain.paging import Page
from nbyard.domain.parsing.canonical_json import canonical
from nbyard.domain.parsing.strict_json import read_json
from nbyard.domain.workflows.structs import DATA, Node, read_document
from nbyard.errors import NotFound
from nbyard.host.project_files import write_whole
from nbyard.services.operation import operation
from nbyard.services.service_context import Service
from nbyard.services.workflows.file_tracking import record_save, saved_workflow

if TYPE_CHECKING:
    from datetime import datetime


class ContractService(Service):
    """Contracts on the outputs and datasets of saved workflows."""

    noun = "contracts"

    @operation("GET", "/contracts", scope="workflows:read")
    def list(self, caller: Caller, path: str) -> Page[OutputContract]:
        """List the contracts of a saved workflow."""
        document = read_document(self._context.files.read(path))
        return Page(
            [
                OutputContract(name, output, rules)
                for name, node in document.nodes.items()
                for output, rules in node.contracts.items()
            ]
        )

    @operation("GET", "/contracts/proposal", scope="workflows:read")
    def propose(self, caller: Caller, path: str, node: str, output: str = DATA) -> ContractProposal:
        """Propose rules for an output from at least three of its good results.

        They follow from the profiles of the newest different results, or from the numbers in a
        JSON object. For a dataset, they follow from its versions.

        Raises:
            NotFound: The workflow has no history, or the node does not exist.
            Conflict: There are fewer than three different good results.
        """
        return propose([*self._past_results(caller, path, node, output)])

    @operation("POST", "/contracts/accept", scope="workflows:write", files="writes")
    def accept(self, caller: Caller, path: str, node: str, output: str = DATA) -> OutputContract:
        """Add the proposed rules for an output to the workflow file.

        Rules on the same subject stay as they are.
        """
        proposal = self.propose(caller, path, node, output)
        known = self._node(path, node).contracts.get(output, ())
        return self._write(caller, path, node, output, (*known, *new_rules(known, proposal)))

    @operation("POST", "/contracts/import", scope="workflows:write", files="writes")
    def import_schema(
        self, caller: Caller, path: str, node: str, schema: str, output: str = DATA
    ) -> OutputContract:
        """Replace the contract on an output by the rules of a schema of pandera.

        The schema is a YAML or JSON file.

        Raises:
            Invalid: The schema has a check that no rule can express.
        """
        rules = read_pandera(self._context.files.read(schema, "schema"), schema)
        return self._write(caller, path, node, output, rules)

    @operation("GET", "/contracts/export", scope="workflows:read", files="writes")
    def export(self, caller: Caller, path: str, node: str, output: str = DATA) -> PanderaSchema:
        """Show the contract on an output as a schema of pandera.

        Rules without a counterpart in pandera are left out.
        """
        contract = self._node(path, node).contracts.get(output, ())
        return PanderaSchema(write_pandera(contract))

    def _node(self, path: str, node: str) -> Node:
        known = read_document(self._context.files.read(path)).nodes.get(node)
        if known is None:
            raise NotFound(f"The workflow has no node '{node[:80]}'.")
        return known

    def _write(
        self, caller: Caller, path: str, node: str, output: str, rules: Contract
    ) -> OutputContract:
        self._node(path, node)
        files = self._context.files
        document: dict[str, Any] = read_json(files.read(path))
        contracts = document["nodes"][node].setdefault("contracts", {})
        contracts[output] = msgspec.to_builtins(rules)
        text = canonical(document)
        read_document(text)
        write_whole(files.locate(path), text.encode())
        record_save(self._context, caller, files.locate(path))
        return OutputContract(node, output, rules)

    def _past_results(
        self, caller: Caller, path: str, node: str, output: str
    ) -> builtins.list[PastResult]:
        """Return the newest different results of an output, or versions of a dataset."""
        document_node, store = self._node(path, node), self._store
        real = self._context.files.locate(path)
        with store.read() as c:
            if document_node.type == "dataset":
                dataset = store.datasets.get(c, caller.name, document_node.dataset)
                versions = store.datasets.versions(c, dataset.id) if dataset else []
                ready = [version for version in versions if version.state == "ready"]
                made = [(v.number, v.created_at, v.digest, v.filename) for v in ready]
            else:
                workflow = saved_workflow(self._context, c, caller.name, real)
                of = (caller.name, workflow.id if workflow else "", node, output, 3 * MOST_RUNS)
                outputs = store.history.outputs_of_node(c, *of)
                made = [(o.run_number, o.created_at, o.digest, o.filename) for o in outputs]
        # A cached result says nothing new. The oldest run of equal results has made them.
        different = {digest: (run, at, name) for run, at, digest, name in made}
        newest = [*different.items()][:MOST_RUNS]
        return [self._past(digest, *of) for digest, of in reversed(newest)]

    def _past(self, digest: str, run: int, at: datetime, filename: str) -> PastResult:
        tables, file = self._context.tables, self._context.table(digest, filename)
        preview = tables.preview(file)
        if preview.table is None:
            return PastResult(run, at, None, preview.metrics)
        return PastResult(run, at, tables.whole_profile(file))
