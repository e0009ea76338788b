"""A folder of notebooks and scripts runs as a workflow that was made from it."""

from nbyard.domain.runs.structs import NewRun
from nbyard.domain.workflows.structs import FilesOfWorkflow

from ...test_runs import ADA, Project, project, states

__all__ = ["project"]


def test_a_folder_of_scripts_runs_and_keeps_its_results(project: Project) -> None:
    """Folders of outputs exist, though no copy of the code has them."""
    lab = project.root / "lab"
    (lab / "code").mkdir(parents=True)
    (lab / "code/clean.py").write_text(
        "from pathlib import Path\nROOT = Path(__file__).parents[1]\n"
        "(ROOT / 'data' / 'clean.txt').write_text('1')\n"
    )
    (lab / "code/train.py").write_text(
        "text = open('../data/clean.txt').read()\nopen('../out/model.txt', 'w').write(text + '2')\n"
    )
    made = project.yard.services.workflows.from_files(ADA, FilesOfWorkflow(["lab"]))
    assert (made.project, made.connections, made.results) == ("lab", 1, ["train.model"])
    run = project.yard.services.runs.create(ADA, NewRun(path=made.path))
    detail = project.end(run.id)
    assert states(detail) == {"clean": "succeeded", "train": "succeeded"}
    assert project.bytes_of(detail, "train", "model") == b"12"
    assert not (lab / "out").exists()
