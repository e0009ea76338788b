"""Bundles in which a finished run can be repeated without nbyard.

`structs` is what is known of the run, `node_steps` the lines that repeat one node, and `run_bundle`
the files of the bundle.
"""
