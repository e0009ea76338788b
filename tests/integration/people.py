"""Notebooks as people write them: cells of code, by a name for their purpose."""

PEOPLE: dict[str, list[str]] = {
    "prints": ["print('a')\nprint('b', end='')", "print('c')"],
    "errors_stream": ["import sys\nprint('out')\nprint('err', file=sys.stderr)"],
    "last_value": ["x = 2\nx + 40", "x;", "None", "'text'"],
    "every_value": [
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "InteractiveShell.ast_node_interactivity = 'all'",
        "1\n2",
    ],
    "display": [
        "from IPython.display import HTML, Markdown, display\n"
        "display(HTML('<b>x</b>'), Markdown('*x*'))",
        "HTML('<i>y</i>')",
    ],
    "own_representation": [
        "class Frame:\n    def _repr_html_(self): return '<p/>'\n"
        "    def __repr__(self): return 'f'",
        "Frame()",
    ],
    "broken_representation": [
        "class Bad:\n    def _repr_html_(self): raise ValueError('no')\n"
        "    def __repr__(self): return 'plain'",
        "Bad()",
    ],
    "update": [
        "from IPython.display import display\nh = display('a', display_id='one')",
        "h.update('b')",
    ],
    "clear": [
        "from IPython.display import clear_output\nprint('a')\nclear_output()\nprint('b')",
    ],
    "clear_later": [
        "from IPython.display import clear_output\n"
        "for i in range(3):\n    clear_output(wait=True)\n    print(i)",
    ],
    "history": [
        "a = 1",
        "%history -n 1",
        "In[1], get_ipython().history_manager.hist_file",
    ],
    "progress": ["for i in range(4):\n    print(f'\\r{i}', end='')\nprint()"],
    "table": ["import polars as pl\npl.DataFrame({'a': [1, 2], 'b': ['x', None]})"],
    "picture": [
        "import base64\nfrom IPython.display import Image\n"
        "Image(base64.b64decode('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk'\n"
        "'+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='))",
    ],
    "raises": ["print('before')", "1 / 0", "print('after')"],
    "raises_own": ["class Gone(Exception): ...\nraise Gone('it is')"],
    "raises_in_function": ["def f(n):\n    return f(n - 1) if n else {}['k']\nf(3)"],
    "raises_chained": [
        "try:\n    int('x')\nexcept ValueError as e:\n    raise RuntimeError('bad') from e"
    ],
    "may_raise": ["# tag: raises-exception\n1 / 0", "print('on')"],
    "no_python": ["x = = 1"],
    "indentation": ["if True:\nprint(1)"],
    "no_module": ["import no_such_module"],
    "no_file": ["open('no such file.csv')"],
    "asserts": ["assert 1 == 2, 'one is not two'"],
    "exit_nothing": ["print('a')", "import sys\nsys.exit()", "print('b')"],
    "exit_zero": ["print('a')\nimport sys\nsys.exit(0)", "print('b')"],
    "exit_one": ["import sys\nsys.exit(1)", "print('b')"],
    "exit_text": ["import sys\nsys.exit('it went wrong')"],
    "warns": ["import warnings\nwarnings.warn('old')\nprint('on')"],
    "logs": ["import logging\nlogging.basicConfig()\nlogging.getLogger('x').warning('w')"],
    "awaits": ["import asyncio\nawait asyncio.sleep(0)\nprint('woke')"],
    "threads": [
        "from threading import Thread\nt = Thread(target=lambda: print('inside'))\n"
        "t.start()\nt.join()",
    ],
    "children": ["import subprocess\nprint(subprocess.check_output(['echo', 'x']).decode())"],
    "shell": ["!echo from the shell", "files = !ls data\nfiles"],
    "bash": ["%%bash\necho $((1 + 1))\nls data"],
    "times": ["%%capture\n%timeit -n1 -r1 1 + 1", "print('done')"],
    "captures": ["%%capture kept\nprint('inside')", "print(kept.stdout)"],
    "writes": ["%%writefile made.py\nV = 3", "import made\nprint(made.V)"],
    "runs_another": ["%run lib/part.py", "print(PART)"],
    "changes_folder": ["%cd data", "import os\nprint(sorted(os.listdir()))"],
    "relative": [
        "print(open('data/one.csv').read())",
        "import sys\nsys.path.insert(0, 'lib')\nimport part",
    ],
    "here": ["import os\nprint(sorted(n for n in os.listdir() if n[0] != '.' and n != 'n.ipynb'))"],
    "variables": ["import os\nos.environ['OWN'] = '1'", "!echo $OWN"],
    "last_underscore": ["40 + 2", "_ + 1", "_1"],
    "redefines_print": ["_print = print\ndef print(*a): _print('>', *a)", "print('x')"],
    "input": ["input('name? ')"],
    "unicode": ["print('äöü 漢字 🐧')", "'é'"],
    "long": ["print('x' * 100_000)"],
    "many_lines": ["for i in range(2_000):\n    print(i)"],
    "empty_cells": ["", "  \n", "# only a comment", "print('on')"],
    "generators": ["squares = (n * n for n in range(3))\nlist(squares)"],
    "classes": ["from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int", "P(1)"],
    "numbers": ["import random\nrandom.seed(1)\nrandom.random()", "0.1 + 0.2"],
    "database": [
        "import sqlite3\nc = sqlite3.connect('made.db')\nc.execute('create table t (x)')",
        "list(c.execute('select count(*) from t'))",
    ],
    "files": [
        "import os\nos.makedirs('plots/deep')\nopen('plots/deep/a.svg', 'w').write('<svg/>')",
        "with open('data/one.csv', 'a') as file:\n    file.write('3,4\\n')",
        "open('result.csv', 'w').write(open('data/one.csv').read())\nos.remove('lib/part.py')",
    ],
    "files_before_an_error": ["open('half.txt', 'w').write('half')", "1 / 0"],
    "parameters": [
        "# tag: parameters\nrate = 0.5  # per step\nnames = ['a', 'b']\nnote = None",
        "print(rate, names, note)",
    ],
    "no_default_computed": ["# tag: parameters\nimport os\nhome = os.sep", "home"],
    "values_of_papermill": ["# tag: injected-parameters\nx = 5", "x + 1"],
}
# Defaults that JSON has no word for, or another one.
DEFAULTS = [
    "# tag: parameters\npairs = [('a', 'b'), ('c', 'd')]\nof = {'a': (1, 2)}\nn: float = 1\n"
    "m: int = 2.0\ndeep = ((1, 2), (3, 4))\nkinds = {1, 2}",
    "{p: 1 for p in pairs}, of, n, m, deep, kinds",
]
# As ipywidgets sends them: what is printed inside an Output goes to the widget.
OUTPUT_WIDGET = [
    "from comm import create_comm\n"
    "module = {'_model_module': '@jupyter-widgets/output', '_model_module_version': '1.0.0'}\n"
    "state = module | {'_model_name': 'OutputModel', 'outputs': [], 'msg_id': ''}\n"
    "output = create_comm(target_name='jupyter.widget', data={'state': state})\n"
    "def capture(message):\n"
    "    output.send({'method': 'update', 'state': {'msg_id': message}, 'buffer_paths': []})\n"
    "message = get_ipython().kernel.get_parent('shell')['header']['msg_id']",
    "message = get_ipython().kernel.get_parent('shell')['header']['msg_id']\n"
    "print('outside', flush=True)\ncapture(message)\nprint('inside', flush=True)\n"
    "capture('')\nprint('after', flush=True)",
    "print('next')",
]
