"""Print contracts: their rules, proposals with reasons, and schemas of pandera."""

from typing import Any

import click

from nbyard.cli.output.console import columns, show_table
from nbyard.domain.contracts.proposals import ContractProposal
from nbyard.domain.contracts.structs import OutputContract, rule_text


def show_proposal(proposal: ContractProposal) -> None:
    """Print the proposed rules with their reasons."""
    rows = [[rule_text(each.rule), str(each.reason)] for each in proposal.rules]
    show_table(rows, ["rule", "reason"])


def show_contract(contract: OutputContract) -> None:
    """Print the rules of a contract, one in each line."""
    for rule in contract.rules:
        click.echo(rule_text(rule))


CONTRACT_COLUMNS = columns(
    "node output rules", rules=lambda contract: "; ".join(map(rule_text, contract.rules))
)
VIEWS: dict[str, Any] = {
    "contracts.propose": show_proposal,
    "contracts.accept": show_contract,
    "contracts.import_schema": show_contract,
    "contracts.export": lambda schema: click.echo(schema.text, nl=False),
}
