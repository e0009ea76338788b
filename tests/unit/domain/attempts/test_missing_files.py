"""Paths that a failed task did not find, from its messages."""

import pytest

from nbyard.domain.attempts.missing_files import missing_paths
from nbyard.domain.attempts.structs import Failure
from nbyard.reasons.structs import because

PYTHON = "FileNotFoundError: [Errno 2] No such file or directory: "


def missed(line, traceback="", **more):
    reason = because("exited-after-line", cause=because("no-message"), line=line)
    return missing_paths(Failure("error", reason, traceback=traceback, **more))


@pytest.mark.parametrize(
    ("line", "path"),
    [
        (f"{PYTHON}'prepared.csv'", "prepared.csv"),
        (f"{PYTHON}'./data/x 1.csv'", "data/x 1.csv"),
        (f'{PYTHON}"o\'clock.csv"', ""),
        (f"{PYTHON}b'prepared.csv'", ""),
        (f"{PYTHON}'/tmp/prepared.csv'", ""),
        (f"{PYTHON}'../prepared.csv'", ""),
        (f"{PYTHON}'ffmpeg'", ""),
        (f"{PYTHON}'s3://a/b.csv'", ""),
        ("No such file or directory (os error 2): prepared.csv", "prepared.csv"),
        ("cannot open file 'prepared.csv': No such file or directory", "prepared.csv"),
        ("cat: prepared.csv: No such file or directory", "prepared.csv"),
        ("head: data/prepared.csv: No such file or directory", "data/prepared.csv"),
        ("/usr/bin/head: prepared.csv: No such file or directory", "prepared.csv"),
        ("bash: line 1: prepared.csv: No such file or directory", "prepared.csv"),
        ("sort: cannot read: prepared.csv: No such file or directory", "prepared.csv"),
        # the redirections > and < have the same message
        ("bash: line 1: out/x.csv: No such file or directory", ""),
        ("bash: out/x.csv: No such file or directory", ""),
        ("/bin/sh: out/x.csv: No such file or directory", ""),
        ("./prepare.sh: line 3: out/x.csv: No such file or directory", ""),
        ("prepare: line 3: out/x.csv: No such file or directory", ""),
        ("tee: out/x.csv: No such file or directory", ""),
        ("rm: old.csv: No such file or directory", ""),
        ("rm: cannot remove 'old.csv': No such file or directory", ""),
        ("mkdir: cannot create directory ‘a/b.d’: No such file or directory", ""),
        ("ls: cannot access ‘data.csv’: No such file or directory", ""),
        ("ValueError: prepared.csv is empty", ""),
    ],
)
def test_a_message_names_the_missing_path(line, path):
    assert missed(line) == [path] * bool(path)


def test_files_opened_for_writing_are_no_missing_inputs():
    """Where the folder is missing, writing fails with the same message."""
    line = f"{PYTHON}'out/plot.png'"
    for statement in ("fig.savefig('out/plot.png')", "open('out/plot.png', 'wb')"):
        assert missed(line, f"Cell In[2]\n----> 1 {statement}\n      2 open('x', 'r')") == []
    read = "----> 1 open('out/plot.png', 'rb')\n      2 fig.savefig('b.png')"
    assert missed(line, read) == ["out/plot.png"]
    assert missed(f"{PYTHON}'a.csv'", "----> 1 saved = open('a.csv')") == ["a.csv"]


@pytest.mark.parametrize(
    "statement",
    [
        "Path('out/r.csv').open('w')",
        "Path('out/r.csv').open(mode = 'ab')",
        "Path('out/r.csv').touch()",
        "Path('out/r.csv').write_text('x')",
        "shutil.copy('a.csv', 'out/r.csv')",
        "shutil.copyfile('a.csv', 'out/r.csv')",
        "os.remove('out/r.csv')",
        "tarfile.open('out/r.csv', 'w:gz')",
        "joblib.dump(model, 'out/r.csv')",
        "plt.imsave('out/r.csv', pixels)",
        "frame.to_csv('out/r.csv')",
        "pd.ExcelWriter('out/r.csv')",
        "frame.sink_csv('out/r.csv')",
        "open(\n      2     'out/r.csv',\n      3     'w',\n      4 )",
    ],
)
def test_writing_calls_in_notebooks_are_known(statement):
    traceback = f"Cell In[2]\n----> 1 {statement}\n      9 done"
    assert missed(f"{PYTHON}'out/r.csv'", traceback) == []


@pytest.mark.parametrize(
    "statement",
    [
        "joblib.load('saved/m.csv')",
        "pd.read_csv('saved/m.csv').to_numpy()",
        "pd.read_csv('saved/m.csv').to_json()",
        "pd.read_csv('saved/m.csv').copy()",
        "pd.read_csv('saved/m.csv').replace('a', 'b').rename(columns=names)",
        "json.dumps(json.load(open('saved/m.csv')))",
        "writer_rows = Path('saved/m.csv').open('r')",
        "pd.read_csv(\n      2     'saved/m.csv',\n      3     sep=';')\n      4 open('b', 'w')",
    ],
)
def test_names_and_conversions_are_no_writing_calls(statement):
    line = f"{PYTHON}'saved/m.csv'"
    assert missed(line, f"----> 1 {statement}\n      9 done") == ["saved/m.csv"]


@pytest.mark.parametrize(
    "statement",
    [
        "os.remove('old.csv')",
        "Path('old.csv').unlink()",
        "os.rename(old, new)",
        "shutil.move('old.csv', 'b.csv')",
    ],
)
def test_files_to_delete_are_no_missing_inputs(statement):
    assert missed(f"{PYTHON}'old.csv'", f"----> 1 {statement}") == []
    assert missed(f"{PYTHON}'old.csv'", script(statement)) == []


def script(*statements):
    """Return the output of a script: its own traceback, the last frame being of a library."""
    frames = "".join(
        f'  File "/work/code/s.py", line {number}, in f\n    {statement}\n    ^^^^^\n'
        for number, statement in enumerate(statements, 1)
    )
    library = '  File "/x/site-packages/io.py", line 9, in get\n    handle = open(\n'
    return f"Traceback (most recent call last):\n{frames}{library}{PYTHON}'a'\n"


def test_writes_of_scripts_are_known():
    line = f"{PYTHON}'out/r.csv'"
    assert missed(line, script("open('out/r.csv','w')")) == []
    assert missed(line, script("main()", "frame.to_csv('out/r.csv')")) == []
    # the lines with the mode are not shown
    assert missed(line, script("with open(")) == []
    assert missed(line, script("main()", "pd.read_csv(")) == ["out/r.csv"]
    assert missed(line, script("open('out/r.csv')")) == ["out/r.csv"]
    assert missed(line, "open('other.csv', 'w')\n" + script("f()")) == ["out/r.csv"]


def test_a_notebook_names_its_exception():
    raised = because("raised", name="OSError", text="No such file or directory: 'a.csv'")
    assert missing_paths(Failure("error", raised)) == ["a.csv"]


def test_other_failures_name_no_missing_file():
    assert missing_paths(None) == []
    assert missed(f"{PYTHON}'a.csv'", left_out=True) == []
