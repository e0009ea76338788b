"""Signs of appending in Python code and in other text."""

import pytest

from nbyard.domain.caching.file_probes import python_appends, text_appends
from nbyard.domain.notebooks.parameter_cells import parse_cell


def appends(code: str) -> bool:
    tree, parsed = parse_cell(code)
    return python_appends(code, parsed, tree)


@pytest.mark.parametrize(
    "code",
    [
        "open('/a', 'w').write('b')\nopen('/a').read()",
        "open(path)\ngzip.open(path, 'rb')\nopen(p, 'w' if new else 'wb')",
        "import gzip\ngzip.open(path)\nPath('/a').open()\nopen(path, **{'encoding': 'utf-8'})",
        "names.append({'a': 1})\ntable['a']",
        "logging.basicConfig(level=INFO)",
        "plt.plot(x, y, 'r+')",
        "df.groupby(['k', 'a'])",
        "df.to_csv('/a', columns=('a', 'b'))\ndf.to_parquet(p)\npd.read_parquet(p)",
        "print('b', 'a')",
        "n >> 2",
        'def f(n):\n    """Double.\n\n    >>> f(1)\n    2\n    """',
        "from loguru import logger\nlogger.info('a')",
        "df.to_hdf('/a', key='k', mode='w')\npd.HDFStore('/a', 'r')",
        "os.open('/a', os.O_RDONLY)\nos.open('/a', os.O_WRONLY | os.O_CREAT | os.O_TRUNC)",
        "df.mode()\nfrom scipy import stats\nstats.mode(x)",
        "table.write(append=False)\ntimes.to_period('A')",
        "# open('/a', 'a')",
        "!ls > /a",
    ],
)
def test_plain_code_does_not_append(code: str) -> None:
    assert not appends(code)


@pytest.mark.parametrize(
    "code",
    [
        "open('/a', 'a')",
        "open('/a', 'ba')",
        "Path('/a').open(mode = 'ab+')",
        "Path('/a').open('a')",
        "open('/a', 'r+b')",
        "open(p, 'w' if new else 'a')",
        "open(p, given or 'a')",
        "open(p, **{'mode': 'a'})",
        "open(p, **options)",
        "open(p, mode)",
        "open(p, 'r' + '+')",
        "open(*both)",
        "Path(p).open(mode)",
        "OPTIONS = {'MODE': 'a'}",
        "df.to_csv(p, mode=mode)",
        "partial(open, mode=mode)",
        "from io import open as o\no(p, m)",
        "getattr(fs, 'open')(p, 'a')",
        "exec(\"open('/a', 'a')\")",
        "df.write.mode('append').parquet(p)",
        "df.write.mode(how).parquet(p)",
        "write_deltalake(p, df, mode='append')",
        "df.to_sql('t', c, if_exists='append')",
        "pd.HDFStore(p)",
        "df.to_hdf(p, key='k')",
        "table.to_hdf('/a', mode='w', append=True)",
        "h5py.File(p, 'r+')",
        "os.open(p, os.O_RDWR)",
        "os.open('/a', os.O_WRONLY | os.O_APPEND)",
        "os.open('/a', os.O_WRONLY)",
        "from os import O_RDWR as BOTH",
        "logging.basicConfig(filename='/a')",
        "logging.basicConfig(handlers=[h])",
        "logging.basicConfig(**options)",
        "from logging import FileHandler as Handler",
        "logging.handlers.RotatingFileHandler('/a')",
        "dictConfig({'handlers': {'f': {'class': 'logging.FileHandler'}}})",
        "from loguru import logger\nlogger.add('/a')",
        "subprocess.run('echo x >> /a', shell=True)",
        "subprocess.run(f'echo x >> {p}', shell=True)",
        "subprocess.run(['tee', '-a', p])",
        "!echo 1 >> /a",
        "!ls | tee -a /a",
        "%%bash\ncat >> x",
        "%%writefile -a /a\nx = 1",
    ],
)
def test_appending_code_is_found(code: str) -> None:
    assert appends(code)


@pytest.mark.parametrize(
    ("text", "is_sign"),
    [
        ("echo 1 >> /a", True),
        ("file('/a', 'a')", True),
        (r"file(\"/a\", \"a\")", True),
        ('MODE: "a"', True),
        ("mode: append", True),
        ("mode: auto", False),
        ("group: a", False),
        ("echo 1 > /a", False),
    ],
)
def test_appending_text_is_found(text: str, is_sign: bool) -> None:
    assert text_appends(text) is is_sign
