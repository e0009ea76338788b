"""Where things are. Other disks: set ICE_WORK."""
import os
from pathlib import Path


class Store:
    names = {"fields": "ice.zarr", "extent": "extent", "clim": "climatology.nc"}

    def __init__(self, root=None):
        self.root = Path(root or os.environ.get("ICE_WORK", "work"))
        self.root.mkdir(parents=True, exist_ok=True)

    def __getitem__(self, key):
        return str(self.root / self.names[key])
