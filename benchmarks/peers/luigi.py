"""Luigi with its local scheduler; its tasks call papermill's API.

Luigi has no notebook task.
"""

from peers.graphs import Place
from peers.peer import CORES, FLOWS, Peer


class Luigi(Peer):
    """Luigi as a contender."""

    name = "Luigi"
    packages = ("luigi", "papermill", "ipykernel")
    variables = {"PYTHONPATH": str(FLOWS)}  # noqa: RUF012

    def run(self, place: Place) -> None:
        words = ["-m", "luigi", "--module", "luigi_graph", "Whole", "--local-scheduler"]
        words += ["--place", str(place.folder), "--log-level", "WARNING"]
        words += ["--workers", str(min(CORES, place.graph.width))]
        self.processes.call(self.python, *words)
