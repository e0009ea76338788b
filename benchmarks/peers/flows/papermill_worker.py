"""Execute notebooks with papermill's API, one for each line of JSON on stdin."""

import json
import sys

import papermill

print("done", flush=True)
for line in sys.stdin:
    code, executed, given = json.loads(line)
    papermill.execute_notebook(code, executed, given, progress_bar=False)
    print("done", flush=True)
