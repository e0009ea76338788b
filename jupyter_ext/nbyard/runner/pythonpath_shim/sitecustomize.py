"""Python runs this module at the start of a program that has this folder on its path.

It works with any Python from 3.6 on. The environment's own `sitecustomize`, later on the path, runs
as well.
"""

import os
import sys
from importlib import import_module
from typing import Any

_here = os.path.dirname(os.path.abspath(__file__))
_shim: "dict[str, Any]" = {}
with open(os.path.join(_here, "__init__.py"), encoding="utf-8") as _file:
    exec(_file.read(), _shim)
_shim["import_by_name"]()
_own = sys.modules.pop(__name__)
_places = [at for at, place in enumerate(sys.path) if os.path.abspath(place) == _here]
_removed = [sys.path.pop(at) for at in reversed(_places)]
try:
    import_module(__name__)
except ImportError as _error:
    # An error inside the environment's own module is reported as without this folder.
    if _error.name != __name__:
        raise
    sys.modules[__name__] = _own
finally:
    if _removed:  # keeps changes of the path by that module
        sys.path.insert(_places[0], _removed[-1])
