"""Elyra's local runner.

It executes notebooks in place and passes environment variables instead of parameters. So each step
has its own notebook that reads them.
"""

import json
from typing import Any

from peers.graphs import Place, Step, notebook_text
from peers.peer import Peer

FROM_ENVIRONMENT = (
    "\nimport os\nnumber = int(os.environ['number'])\ninput_txt = os.environ['input_txt']"
    "\noutput_txt = os.environ['output_txt']"
)
PIPELINE = "graph.pipeline"


class Elyra(Peer):
    """Elyra's local runner as a contender."""

    name = "Elyra, local runner"
    packages = ("elyra==4.1.0", "papermill", "ipykernel")
    # Elyra needs an older IPython
    same = ("ipykernel", "jupyter_client", "nbclient", "nbformat", "papermill", "pyzmq")
    injects = False

    def express(self, place: Place) -> None:
        for step in place.graph.steps:
            place.executed(step.name).write_text(notebook_text(FROM_ENVIRONMENT))
        nodes = [_node(place, step) for step in place.graph.steps]
        properties = {"name": "graph", "runtime": "Generic"}
        app_data = {"ui_data": {"comments": []}, "version": 8, "properties": properties}
        pipeline = {"id": "primary", "nodes": nodes, "app_data": app_data, "runtime_ref": ""}
        whole = {
            "doc_type": "pipeline",
            "version": "3.0",
            "id": "graph",
            "primary_pipeline": "primary",
            "pipelines": [pipeline],
            "schemas": [],
        }
        (place.folder / PIPELINE).write_text(json.dumps(whole))

    def run(self, place: Place) -> None:
        program = self.python.with_name("elyra-pipeline")
        self.processes.call(program, "run", PIPELINE, cwd=place.folder)


def _node(place: Place, step: Step) -> dict[str, Any]:
    files = place.files(step)
    given = {
        "number": str(step.number),
        "input_txt": files["input"],
        "output_txt": files["output"],
    }
    parameters = {
        "filename": f"out/{step.name}.ipynb",
        "env_vars": [{"env_var": name, "value": value} for name, value in given.items()],
        "dependencies": [],
        "include_subdirectories": False,
        "outputs": [],
        "runtime_image": "none",
    }
    link = {"id": f"{step.name}-link", "node_id_ref": step.before, "port_id_ref": "outPort"}
    return {
        "id": step.name,
        "type": "execution_node",
        "op": "execute-notebook-node",
        "app_data": {"component_parameters": parameters, "label": step.name, "ui_data": {}},
        "inputs": [{"id": "inPort", "app_data": {}, "links": [link] * bool(step.before)}],
        "outputs": [{"id": "outPort", "app_data": {}}],
    }
