"""A job file of CWL gives the values and the files of a run."""

import json
from typing import Any

import pytest

from nbyard.errors import Invalid
from nbyard.importers.cwl.job_reader import read_job
from nbyard.importers.cwl.tools import read_document
from nbyard.importers.protocol import Job, JobFile


def job_of(inputs: dict[str, Any], job: dict[str, Any]) -> Job:
    """Return what a job gives to a tool with these inputs; the job is in the folder `jobs`."""
    tool = {
        **{"cwlVersion": "v1.2", "class": "CommandLineTool", "baseCommand": "cat"},
        **{"inputs": inputs, "outputs": {}},
    }
    arguments = read_document(tool).description.arguments or ()
    return read_job(json.dumps(job).encode(), "jobs/job.json", arguments)


def file(path: str, **more: Any) -> dict[str, Any]:
    return {"class": "File", "path": path, **more}


def test_values_and_files_get_the_names_of_their_arguments() -> None:
    """Invalid names are changed, and each field of a record is an argument."""
    record = {"type": "record", "fields": {"f": "File", "n": "int"}}
    outer = {"type": {"type": "record", "fields": {"inner": {"type": record}}}}
    given = {"in": "w", "in-file": file("a.txt"), "outer": {"inner": {"f": file("/b"), "n": 2}}}
    job = job_of({"in": "string", "in-file": "File", "outer": outer}, given)
    assert job.values == {"in_": "w", "outer_inner_n": 2}
    assert job.files == {
        "in_file": JobFile("a.txt", "jobs/a.txt"),
        "outer_inner_f": JobFile("b", "/b"),
    }


def test_a_location_is_a_uri_and_a_path_is_not() -> None:
    for place, path in (
        ({"location": "A%3AB %231"}, "jobs/A:B #1"),
        ({"location": "file:///data/a%20b"}, "/data/a b"),
        ({"path": "A%3AB"}, "jobs/A%3AB"),
    ):
        job = job_of({"a": "File"}, {"a": {"class": "File", **place}})
        assert job.files["a"].path == path


def test_null_and_unknown_inputs_are_left_out() -> None:
    record = {"type": ["null", {"type": "record", "fields": {"n": "int"}}]}
    inputs = {"a": "int?", "r": record}
    job = job_of(inputs, {"a": None, "r": None, "other": 1, "$schemas": [], "cwl:tool": "t"})
    assert (job.values, job.files) == ({}, {})
    assert [str(note).split()[0] for note in job.notes] == ["other"]


def test_literals_are_files_and_folders_to_write() -> None:
    listing = [{"class": "File", "basename": "x", "contents": "hi"}, file("b/y", basename="z")]
    given = {
        "a": {"class": "File", "contents": "text"},
        "d": {"class": "Directory", "basename": "tree", "listing": listing},
    }
    job = job_of({"a": "File", "d": "Directory"}, given)
    assert job.files["a"] == JobFile("a", contents="text")
    entries = (JobFile("x", contents="hi"), JobFile("z", "jobs/b/y"))
    assert job.files["d"] == JobFile("tree", entries=entries)


def test_secondary_files_are_arguments_of_their_own() -> None:
    inputs = {"reads": {"type": "File", "secondaryFiles": [".bai", "^.idx?"]}}
    beside = [file("other/a.bam.bai"), file("a.idx")]
    job = job_of(inputs, {"reads": file("a.bam", secondaryFiles=beside)})
    assert job.files == {
        "reads": JobFile("a.bam", "jobs/a.bam"),
        "reads_bai": JobFile("a.bam.bai", "jobs/other/a.bam.bai"),
        "reads_idx": JobFile("a.idx", "jobs/a.idx"),
    }
    with pytest.raises(Invalid, match=r"job\.reads\.secondaryFiles: b\.bam\.csi"):
        job_of(inputs, {"reads": file("b.bam", secondaryFiles=[file("b.bam.csi")])})


def test_several_files_become_a_folder_and_one_stays_a_file() -> None:
    inputs: dict[str, Any] = {"a": "File[]"}
    assert job_of(inputs, {"a": [file("x")]}).files == {"a": JobFile("x", "jobs/x")}
    job = job_of(inputs, {"a": [file("n/y"), file("x")]})
    assert job.files["a"].entries == (JobFile("y", "jobs/n/y"), JobFile("x", "jobs/x"))
    (note,) = job.notes
    assert str(note).startswith("a: ") and str(note).endswith(" y, x.")
    assert job_of(inputs, {"a": []}).files == {"a": JobFile("a", entries=())}
    inputs = {"a": {"type": "File[]", "secondaryFiles": ".i"}}
    # Like for one file, a file with the name of the pattern is taken if it is there.
    beside = JobFile("x.i", "jobs/x.i", optional=True)
    job = job_of(inputs, {"a": [file("x")]})
    assert job.files["a"].entries == (JobFile("x", "jobs/x"), beside)
    job = job_of(inputs, {"a": [file("x", secondaryFiles=[file("o/x.i")])]})
    assert job.files["a"].entries == (JobFile("x", "jobs/x"), JobFile("x.i", "jobs/o/x.i"))


def test_items_of_a_list_may_share_a_secondary_file() -> None:
    inputs = {"a": {"type": "File[]", "secondaryFiles": "^.i"}}
    job = job_of(inputs, {"a": [file("n.x"), file("n.y")]})
    assert [entry.name for entry in job.files["a"].entries or ()] == ["n.x", "n.i", "n.y"]


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        ("File", "a.txt", "job.a: a File object is needed, not 'a.txt'"),
        ("File", {"class": "Directory", "path": "d"}, "a File object is needed, not 'Directory'"),
        ("Directory", file("a"), "a Directory object is needed, not 'File'"),
        ("File[]", file("a"), "job.a: a list of files is needed, not an object"),
        ("File[]", [file("a"), file("b/a")], "job.a: two files have the name a"),
        ("File[]", [1], "job.a.0: a File object is needed, not 1"),
        ("File", {"class": "File"}, "job.a: path, location or contents is needed"),
        ("Directory", {"class": "Directory"}, "job.a: path, location or listing is needed"),
        ("File", {"class": "File", "path": 1}, "job.a.path: the path of a file is needed, not 1"),
        ("File", {"class": "File", "location": "s3://b/k"}, "s3://b/k is not a file of this"),
        ("File", file("a", basename="../a"), "job.a.basename: ../a is not the name of a file"),
        ("Any", [file("a")], "job.a: files are not supported in a value of this type"),
        ({"type": "record", "fields": {"n": "int"}}, 1, "job.a: an object is needed, not 1"),
    ],
)
def test_unfit_values_are_refused_with_their_input(kind: Any, value: Any, message: str) -> None:
    with pytest.raises(Invalid) as refused:
        job_of({"a": {"type": kind}}, {"a": value})
    assert message in str(refused.value)


def test_unsupported_features_of_a_job_are_refused() -> None:
    with pytest.raises(Invalid, match="requirements of a job"):
        job_of({}, {"cwl:requirements": [{"class": "EnvVarRequirement"}]})
    with pytest.raises(Invalid, match=r"job\.a_b: .* input: a-b"):
        job_of({"a-b": "int"}, {"a-b": 1, "a_b": 2})
    with pytest.raises(Invalid, match="not a list"):
        read_job(b"[]", "job.json", ())
    with pytest.raises(Invalid, match=r"job\.yml: line 1: .* empty"):
        read_job(b"", "job.yml", ())
    assert read_job(b"{}", "job.yml", ()) == Job({}, {})
