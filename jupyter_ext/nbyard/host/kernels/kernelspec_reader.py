"""Reads the kernelspecs of this machine as `jupyter_client` does, without importing it.

That import takes longer than reading the files, because it also imports zmq and IPython.
"""

import json
import os
from pathlib import Path
from typing import Any

from jupyter_core.paths import jupyter_path

NATIVE = "python3"
DEFAULTS: dict[str, Any] = {
    "argv": [],
    "env": {},
    "display_name": "",
    "language": "",
    "interrupt_mode": "signal",
    "metadata": {},
    "kernel_protocol_version": "",
}


def all_specs() -> dict[str, Any]:
    """Return folder and specification of each installed kernel, by its name in lower case."""
    ipython = os.environ.get("IPYTHONDIR") or os.path.join("~", ".ipython")
    folders: dict[str, str] = {}
    # The first place of Jupyter's path counts.
    for place in (*jupyter_path("kernels"), os.path.expanduser(os.path.join(ipython, "kernels"))):
        for name in os.listdir(place) if os.path.isdir(place) else ():
            if os.path.isfile(os.path.join(place, name, "kernel.json")):
                folders.setdefault(name.lower(), os.path.join(place, name))
    spec_by_name = {name: _spec(folder) for name, folder in folders.items()}
    # jupyter_client adds a missing python3 itself, and judges unusual files.
    if NATIVE in spec_by_name and None not in spec_by_name.values():
        return {n: {"resource_dir": folders[n], "spec": spec} for n, spec in spec_by_name.items()}
    from jupyter_client.kernelspec import KernelSpecManager

    return dict(KernelSpecManager().get_all_specs())


def _spec(folder: str) -> dict[str, Any] | None:
    """Return the kernelspec in a folder, None if only jupyter_client can judge it."""
    try:
        read = json.loads(Path(folder, "kernel.json").read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(read, dict):
        return None
    spec = {name: read.get(name, default) for name, default in DEFAULTS.items()}
    is_valid = all(type(spec[name]) is type(default) for name, default in DEFAULTS.items())
    if not is_valid or spec["interrupt_mode"] not in ("signal", "message"):
        return None
    # Only jupyter_client knows whether a provisioner is installed.
    return None if "kernel_provisioner" in spec["metadata"] else spec
