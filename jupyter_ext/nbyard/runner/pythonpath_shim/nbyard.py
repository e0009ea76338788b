"""What `import nbyard` finds in a program that has this folder on its path.

This module replaces itself with the installed package, or else with the hand-off module beside the
runner. It works with any Python from 3.6 on.
"""

import os
import sys
from importlib import import_module
from typing import Any

_here = os.path.dirname(os.path.abspath(__file__))
_path = list(sys.path)
_shim: "dict[str, Any]" = {}
with open(os.path.join(_here, "__init__.py"), encoding="utf-8") as _file:
    exec(_file.read(), _shim)
_shim["offer"](os.path.join(os.path.dirname(_here), "handoff"))
# With its entry and this folder removed, the import below finds the other module.
del sys.modules[__name__]
sys.path[:] = [place for place in _path if os.path.abspath(place) != _here]
try:
    import_module(__name__)
finally:
    # Child processes inherit the path, and need this folder to import nbyard as well.
    sys.path[:] = _path
