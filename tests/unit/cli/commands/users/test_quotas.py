"""Quotas from a shell."""


def test_quotas_are_set_listed_and_deleted(shell):
    options = ("--gpus", "2", "--memory", "16GB", "--disk", "100GB", "--lifetime", "12h")
    made = shell("quotas", "set", "group:students", *options, "--json").json
    assert (made["gpus"], made["memory_bytes"], made["deployment_days"]) == (2, 16 * 10**9, 0.5)
    assert made["stored_bytes"] == 10**11
    assert shell("quotas", "set", "everyone", "--preset", "tutorial").out.strip() == "everyone"
    listed = shell("quotas", "ls").out
    assert "group:students" in listed and "0.25d" in listed
    assert shell("quotas", "use", "--json").json["quota"] == "everyone"
    assert shell("quotas", "rm", "everyone", "--yes").code == 0
    assert shell("quotas", "show", "everyone").code != 0
