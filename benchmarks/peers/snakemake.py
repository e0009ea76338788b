"""Snakemake: one rule with a wildcard, whose command is papermill's."""

from peers.graphs import Place
from peers.peer import CORES, FLOWS, Peer


class Snakemake(Peer):
    """Snakemake as a contender."""

    name = "Snakemake"
    packages = ("snakemake", "papermill", "ipykernel")

    def run(self, place: Place) -> None:
        words = ["-m", "snakemake", "--snakefile", str(FLOWS / "Snakefile"), "--quiet"]
        words += ["--directory", str(place.folder), "--cores", str(CORES)]
        self.processes.call(self.python, *words, "--config", f"python={self.python}")
