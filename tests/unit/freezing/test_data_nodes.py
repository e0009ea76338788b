"""Data of nodes, as on the canvas and in a run."""

import pytest

from nbyard.domain.workflows.structs import Node
from nbyard.errors import NotFound
from nbyard.freezing.node_resolution import data_view, frozen_data


def test_a_file_and_a_folder_are_read_relative_to_the_workflow(yard, root):
    (root / "flows/months").mkdir(parents=True)
    (root / "flows/d.csv").write_text("a\n")
    for path, kind in (("d.csv", "csv"), ("months", "folder")):
        node = Node("dataset", path=path)
        view = data_view(yard.context, "ann", "flows", node)
        frozen = frozen_data(yard.context, "ann", "flows", node)
        assert view.arguments[0].format == kind
        assert frozen.arguments == view.arguments
        assert frozen.data is not None and yard.context.blobs.exists(frozen.data.digest)


def test_a_dataset_means_the_newest_version_of_its_owner(yard, imported):
    node = Node("dataset", dataset="a.csv")
    assert data_view(yard.context, "ann", ".", node).dataset == imported.id
    data = frozen_data(yard.context, "ann", ".", node).data
    assert data is not None and data.origin == "a.csv v1"
    for read in (data_view, frozen_data):
        with pytest.raises(NotFound):
            read(yard.context, "bob", ".", node)
