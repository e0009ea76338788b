"""All contenders by the name that selects them."""

from peers.containers import DockerRun, FreshContainer
from peers.dask import Dask
from peers.elyra import Elyra
from peers.luigi import Luigi
from peers.ours import Nbyard, NbyardMap
from peers.papermill import Api, CleanApi, CleanCommandLine, CommandLine
from peers.peer import Peer
from peers.ploomber import Ploomber
from peers.prefect import Prefect
from peers.snakemake import Snakemake

PEERS: dict[str, type[Peer]] = {
    "nbyard": Nbyard,
    "nbyard-map": NbyardMap,
    "papermill": CommandLine,
    "papermill-clean": CleanCommandLine,
    "api": Api,
    "api-clean": CleanApi,
    "luigi": Luigi,
    "snakemake": Snakemake,
    "ploomber": Ploomber,
    "prefect": Prefect,
    "elyra": Elyra,
    "dask": Dask,
    "fresh-container": FreshContainer,
    "docker-run": DockerRun,
}
