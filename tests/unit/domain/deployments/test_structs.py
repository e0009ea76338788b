"""The address of a deployment."""

from nbyard.domain.deployments.structs import RevisionSpec, deployment_folder, link_path, log_name


def test_an_address_has_the_names_of_deployment_and_port():
    assert link_path("cows", "api") == "nbyard/deployments/cows/api/"
    assert f"{deployment_folder('id')}/{log_name(3)}" == "deployments/id/3.log"


def test_sizes_are_in_units_of_two_to_the_thirty():
    spec = RevisionSpec("own", "a:1", "standard", 1, 0.5, 2, 0, [], {}, [], 1)
    assert (spec.memory_bytes, spec.disk_bytes) == (2**29, 2**31)
