"""On a Dask worker, secrets are kept in the memory of its machine, whether it sees
nbyard's files or not."""

import pytest
from tests.support.leaked_secrets import places_of

from ..telling import REACHES, assert_only_the_harmless_one, telling, writing
from .ground import ground

pytestmark = pytest.mark.leaves_running  # processes of the ground are ended by the fixture


@pytest.fixture(params=["sees our files", "sees none"])
def cluster(request, tmp_path):
    with ground() as made:
        made.start_worker(hidden=tmp_path if request.param == "sees none" else None)
        yield made


@pytest.mark.sample(1)
def test_secret_reaches_work_on_a_worker_and_no_record_shows_it(tmp_path, cluster):
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
def test_files_with_secrets_on_a_worker_are_named_but_not_kept(tmp_path, cluster):
    with telling(tmp_path, dask_address=cluster.address) as work:
        detail = work.run(path=writing(work), runtime="dask", parameters={"token": "api"})
        assert_only_the_harmless_one(work, detail)
