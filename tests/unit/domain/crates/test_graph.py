"""The graph of a crate."""

from nbyard.domain.crates.graph import CrateFile, CrateGraph, key_of, place_of, ref


def test_entities_are_added_once_and_grow() -> None:
    graph = CrateGraph()
    assert graph.add("#a", "Thing", name="one", empty="", nothing=None) == ref("#a")
    graph.add("#a", "Thing", name="two")
    graph.add("#b", "Thing")
    for _ in range(2):
        graph.link("#b", "object", ref("#a"))
    graph.link("#b", "object", ref("#c"))
    assert graph.metadata()["@graph"] == [
        {"@id": "#a", "@type": "Thing", "name": "two"},
        {"@id": "#b", "@type": "Thing", "object": [ref("#a"), ref("#c")]},
    ]


def test_files_are_parts_and_folders_end_in_a_slash() -> None:
    graph = CrateGraph()
    graph.add("./", "Dataset")
    graph.add_file(CrateFile("a b/ü.csv", "sha256:1"), name="x")
    graph.add_file(CrateFile("code", "tree:1"), "Dataset")
    root = graph.metadata()["@graph"][0]
    assert root["hasPart"] == [ref("a%20b/%C3%BC.csv"), ref("code/")]
    assert [*graph.files] == ["a b/ü.csv", "code"]


def test_ids_and_places_hold_any_text() -> None:
    assert key_of("value", "a/b c#d") == "#value/a%2Fb%20c%23d"
    assert place_of("outputs", "../../etc") == "outputs/etc"
    assert place_of("outputs", "..", "x.csv") == "outputs/data/x.csv"
