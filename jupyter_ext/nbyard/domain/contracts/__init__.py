"""Contracts on outputs and datasets: rules, verdicts, proposals from profiles, and pandera.

The reader process of `tabular` checks the rules.
"""
