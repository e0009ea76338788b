"""Bundles: folders with which a finished run can be repeated without nbyard.

`structs` describes the recorded run. `node_steps` writes the commands that repeat one node.
`run_bundle` writes the files of the bundle.
"""
