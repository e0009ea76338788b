"""G7: doctor as a service."""


def test_doctor_tells_each_thing_with_a_cure_where_it_is_not_well(yard, ann):
    found = yard.services.system.doctor(ann)
    names = [check.name for check in found.checks]
    assert {"platform", "store", "disk", "kernels", "dispatcher"} <= set(names)
    assert len(names) == len(set(names))
    assert all(check.message for check in found.checks)
    assert all(check.cure for check in found.checks if check.state == "failed")
