"""Contracts on outputs and datasets: rules, verdicts, proposals, and pandera."""
