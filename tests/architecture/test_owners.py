"""Who may see a row is said in one place: no other module compares owners."""

import ast

from .sources import PACKAGE, nodes

# Comparisons that decide about something else, or about what has no row, each with the reason.
ELSEWHERE = {
    "dispatch/automations/store_events.py": "an automation starts at events of its owner alone",
    "domain/notices/rules.py": "a rule reports the runs of its owner alone",
    "freezing/runs/run_creation.py": "a retry takes over the name of an own run alone",
    "domain/users/quotas.py": "things of others that fill a quota have no name",
    "rest/forwarding.py": "work of its user alone keeps a server active",
    "services/models/packages.py": "the image of a model of others has only an ID, no name",
    "services/models/service.py": "the engine has one image of a name for all owners",
    "services/runs/forecasts.py": "a duration is learned from the runs of the same owner",
    "services/projects/service.py": "a push replaces what belongs to the creator of a project",
    "services/quotas.py": "a user's own things fill the user's quota",
    "services/runs/attempts.py": "code in a run has the credentials of the run's owner",
    "store/environments.py": "a pin names an environment of its owner",
    "store/images.py": "the engine has one image of a name for all owners",
    "store/runs/quotas.py": "a user's own things fill the user's quota",
    "transfer/uploads.py": "an upload is a folder without a row, and is never shared",
}


def compares_owners(node: ast.AST) -> bool:
    """Return whether a node compares an attribute `owner`, alone or in a tuple."""
    if not isinstance(node, ast.Compare):
        return False
    sides = [node.left, *node.comparators]
    sides += [part for side in sides if isinstance(side, ast.Tuple) for part in side.elts]
    return any(isinstance(part, ast.Attribute) and part.attr == "owner" for part in sides)


def test_owners_are_compared_in_visibility():
    modules = {
        module.relative_to(PACKAGE).as_posix()
        for module in PACKAGE.rglob("*.py")
        if "migrations" not in module.parts and any(map(compares_owners, nodes(module)))
    }
    assert modules - {"store/visibility.py"} == set(ELSEWHERE)


def test_a_comparison_is_found():
    for text in ("T.owner == of", "of != row.owner", "(a, b.owner) == c", "x.owner in names"):
        assert compares_owners(ast.parse(text, mode="eval").body)
    assert not compares_owners(ast.parse("owner == T.name", mode="eval").body)
