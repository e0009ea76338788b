"""Arguments read from source code or from the output of `--help`.

The code is parsed and never run.
"""
