"""RO-Crates: a run with its workflow, code, data and results, described in JSON-LD.

They follow the profiles Process, Workflow and Provenance Run Crate 0.5 over RO-Crate 1.1.
"""
