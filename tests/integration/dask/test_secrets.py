"""S1, I25: on a Dask worker secrets are in the memory of its machine, whether it sees our files or
not."""

import pytest

from nbyard.testing.leaked_secrets import places_of

from ..telling import REACHES, assert_only_the_harmless_one, telling, writing
from .ground import ground

pytestmark = pytest.mark.leaves_running  # processes of the ground are ended by the fixture


@pytest.fixture(params=["sees our files", "sees none"])
def cluster(request, tmp_path):
    with ground() as made:
        made.start_worker(hidden=tmp_path if request.param == "sees none" else None)
        yield made


@pytest.mark.sample(1)
def test_work_on_a_worker_gets_it_and_nothing_tells_it(tmp_path, cluster):
    with telling(tmp_path, dask_address=cluster.address) as work:
        path = work.telling_notebook()
        for fails in (False, True):
            given = {"token": "api", "fails": fails}
            work.check(work.run(path=path, runtime="dask", parameters=given), fails=fails)
        for reach in REACHES:
            path = work.telling_script(reach, fails=False)
            detail = work.run(path=path, runtime="dask", parameters={"token": "api"})
            work.check(detail, fails=False)
    assert places_of(cluster.folder) == [], "neither on the worker's disk nor in its log"


@pytest.mark.sample(1)
def test_other_files_of_a_worker(tmp_path, cluster):
    """K5, I23, I26: what holds a secret is named and not kept."""
    with telling(tmp_path, dask_address=cluster.address) as work:
        detail = work.run(path=writing(work), runtime="dask", parameters={"token": "api"})
        assert_only_the_harmless_one(work, detail)
