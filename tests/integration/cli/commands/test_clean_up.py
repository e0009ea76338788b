"""From a shell: the preview, the question, the clean-up and the daily rules."""


def test_runs_are_deleted_after_a_preview(shell, echo, dispatcher):
    for word in ("one", "two"):
        assert shell("run", echo, "-p", f"word={word}").code == 0
    assert shell("run", echo, "-p", "word=three", "--name", "third").code == 0
    said = shell("runs", "clean-up", "--keep", "0", "--dry-run")
    assert said.code == 0
    assert "2 runs to delete" in said.out
    assert "1 run protected:" in said.out and "the artifact 'third'" in said.out
    preview = shell("runs", "clean-up", "--keep", "0", "--dry-run", "--json").json
    assert (preview["count"], preview["protected_count"]) == (2, 1)

    kept = shell("runs", "keep", "1")
    assert kept.code == 0 and ["kept", "yes"] in [line.split() for line in kept.out.splitlines()]
    assert "Deleted 1 run." in shell("runs", "clean-up", "--keep", "0", "--yes").out
    left = shell("runs", "ls", "--json").json["items"]
    assert [run["number"] for run in left] == [3, 1]
    for words in ((), ("--workflow", "a.nbflow")):
        refused = shell("runs", "clean-up", *words)
        named = "Set at least one of --older-than, --keep, --state and --max-size."
        assert refused.code == 2 and named in refused.err
    assert "0 runs to delete" in shell("runs", "clean-up", "--state", "failed", "--dry-run").out
    chosen = shell("runs", "clean-up", "--state", "succeeded", "--dry-run").out
    assert "2 runs protected:" in chosen


def test_daily_rules_are_set_and_shown(shell):
    assert "No daily clean-up." in shell("runs", "retention").out
    said = shell("runs", "retention", "--older-than", "4w", "--keep", "20")
    assert "28 days ago" in said.out and "the newest 20" in said.out
    assert shell("runs", "retention", "--json").json["rules"]["keep"] == 20
    assert "No daily clean-up." in shell("runs", "retention", "--off").out
    assert "runs that are failed." in shell("runs", "retention", "--state", "failed").out
    refused = shell("runs", "retention", "--workflow", "a.nbflow")
    assert refused.code == 2 and "one of --older-than" in refused.err
