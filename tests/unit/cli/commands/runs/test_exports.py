"""`nbyard runs openlineage` and `nbyard runs export` from a shell."""

import json
import zipfile

from ....domain.lineage.openlineage_schema import check_event


def test_events_are_lines_or_an_array(shell, made):
    seen = shell("runs", "openlineage", "hello", "--namespace", "lab")
    lines = [json.loads(line) for line in seen.out.splitlines()]
    for event in lines:
        check_event(event)
    assert [event["eventType"] for event in lines] == ["START", "COMPLETE"]
    found = shell("runs", "openlineage", "1", "--namespace", "lab", "--json").json
    assert found == lines
    refused = shell("runs", "openlineage", "1", "--namespace", "")
    assert refused.code == 2 and "namespace" in refused.err


def test_a_run_is_saved_as_a_crate(shell, made, tmp_path, monkeypatch):
    target = tmp_path / "hello.zip"
    saved = shell("runs", "export", "hello", "--ro-crate", str(target))
    assert saved.code == 0 and "hello.zip" in saved.err
    with zipfile.ZipFile(target) as archive:
        names = archive.namelist()
    assert "ro-crate-metadata.json" in names and any(name.endswith("/echo.py") for name in names)
    short = shell("runs", "export", "hello", "-o", str(tmp_path / "short.zip"))
    assert short.code == 0 and "short.zip" in short.err
    assert shell("runs", "export", "none", "--ro-crate", str(target)).code == 3
    monkeypatch.chdir(tmp_path)
    unnamed = shell("runs", "export", "hello")
    assert unnamed.code == 0, unnamed.err
    assert len([*tmp_path.glob("*.zip")]) == 3
    nowhere = shell("runs", "export", "hello", "--ro-crate", str(tmp_path / "no" / "x.zip"))
    assert nowhere.code == 2 and "cannot be written" in nowhere.err
