"""Which model a deployment may name, and which log explains a failed build."""

import pytest

from nbyard.domain.images.structs import BUILD_LOG, image_folder
from nbyard.domain.models.structs import NewModel
from nbyard.errors import Invalid
from nbyard.services.models.packages import deployable_model

from .test_service import end, write


def test_a_model_is_found_by_its_names(yard, ann, root):
    made = yard.services.models.build(ann, NewModel(write(root)))
    for name in (made.id, "Spark job", "spark-job", made.reference):
        found = deployable_model(yard.store, ann, name)
        assert found is not None and found.id == made.id
    assert deployable_model(yard.store, ann, "cows:1") is None
    assert deployable_model(yard.store, ann, "") is None


def test_the_log_of_a_failed_build_is_named_if_it_says_more(yard, ann, root):
    made = yard.services.models.build(ann, NewModel(write(root)))
    end(yard, made, "failed")

    def hint() -> str:
        with pytest.raises(Invalid, match="was not built: ") as refused:
            deployable_model(yard.store, ann, made.id)
        return refused.value.hint

    again = "Deploying it again repeats the build."
    assert hint() == again
    log = yard.store.folder / image_folder(made.image) / BUILD_LOG
    log.parent.mkdir(parents=True)
    log.write_text("Step 1\n" + "no such package\n" * 20)
    shell = "nbyard images log nbyard/model-spark-job:1"
    assert f": {shell})" in hint() and hint().endswith(again)
