"""Descriptions of kernels in kernelspecs."""

import pytest

from nbyard.domain.environments.machine_kernels import conda_environment_of, is_owned


@pytest.mark.parametrize(
    ("spec", "place"),
    [
        ({"argv": ["/opt/conda/bin/conda", "run", "-p", "/envs/sea", "R"]}, "/envs/sea"),
        ({"argv": ["mamba", "run", "--prefix", "/envs/sea", "R"]}, "/envs/sea"),
        ({"argv": ["python", "-p", "/x", "y"]}, ""),
        ({"argv": ["conda", "run", "python", "x"]}, ""),
        ({"argv": "conda"}, ""),
        ({"metadata": {"conda_env_path": "/envs/sea"}, "argv": ["python"]}, "/envs/sea"),
        ({"metadata": {"conda_env_path": 3}}, ""),
        ({}, ""),
    ],
)
def test_the_conda_environment_that_a_kernel_names(spec, place):
    assert conda_environment_of(spec) == place


def test_the_owner_of_a_kernel_is_known():
    assert is_owned({"metadata": {"nbyard": {"environment": "x"}}})
    assert not is_owned({"metadata": {}}) and not is_owned({"metadata": None}) and not is_owned({})
