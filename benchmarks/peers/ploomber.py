"""Ploomber: `ploomber build`, in parallel if steps are independent."""

import json
from typing import Any

from peers.graphs import Place, Step
from peers.peer import Peer

FIRST = "sh {code} {{{{number}}}} {{{{product}}}}"
NEXT = FIRST + " {{% for one in upstream %}}{{{{upstream[one]}}}}{{% endfor %}}"


class Ploomber(Peer):
    """Ploomber as a contender."""

    name = "Ploomber"
    packages = ("ploomber", "ipykernel")
    variables = {  # noqa: RUF012
        "PLOOMBER_STATS_ENABLED": "false",
        "PLOOMBER_VERSION_CHECK_DISABLED": "true",
    }

    def express(self, place: Place) -> None:
        if place.graph.kind == "command":
            for name, text in (("first", FIRST), ("next", NEXT)):
                (place.folder / f"{name}.sh").write_text(text.format(code=place.code))
        parallel = place.graph.width > 1
        pipeline = {
            "meta": {"extract_product": False, "extract_upstream": False},
            "executor": "parallel" if parallel else "serial",
            "tasks": [_task(place, step) for step in place.graph.steps],
        }
        (place.folder / "pipeline.yaml").write_text(json.dumps(pipeline))

    def run(self, place: Place) -> None:
        program = self.python.with_name("ploomber")
        entry = place.folder / "pipeline.yaml"
        self.processes.call(program, "build", "--entry-point", entry)


def _task(place: Place, step: Step) -> dict[str, Any]:
    files = place.files(step)
    shared = {"name": step.name, "upstream": [step.before] if step.before else None}
    if place.graph.kind == "command":
        source = str(place.folder / ("next.sh" if step.before else "first.sh"))
        number = {"number": step.number}
        return {**shared, "source": source, "product": files["output"], "params": number}
    given = {name: files[name.removesuffix("_txt")] for name in ("input_txt", "output_txt")}
    return {
        **shared,
        "source": str(place.code),
        "product": {"nb": files["executed"], "text": files["output"]},
        "params": {"number": step.number, **given},
        "static_analysis": "disable",
    }
