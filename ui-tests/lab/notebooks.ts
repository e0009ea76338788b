/** Notebooks, scripts and workflows that journeys write for themselves. */
import { mkdir, writeFile } from 'node:fs/promises';
import { LabServer } from './server';

export interface ICode {
  source: string;
  tags?: string[];
}

export function notebook(...cells: (string | ICode)[]): string {
  return JSON.stringify({
    cells: cells.map(cell => {
      const { source, tags = [] } = typeof cell === 'string' ? { source: cell } : cell;
      return {
        cell_type: 'code',
        execution_count: null,
        metadata: { tags },
        outputs: [],
        source
      };
    }),
    metadata: { kernelspec: { name: 'python3', display_name: 'Python 3' } },
    nbformat: 4,
    nbformat_minor: 4
  });
}

/** The cell that gives the arguments. */
export function parameters(...lines: string[]): ICode {
  return { source: lines.join('\n'), tags: ['parameters'] };
}

interface INode {
  path: string;
  at: [number, number];
  [field: string]: unknown;
}

/** A workflow of files; arrows as "from.output->to.input". */
export function workflow(nodes: Record<string, INode>, ...arrows: string[]): string {
  return titled('Made for this journey', nodes, ...arrows);
}

function titled(title: string, nodes: Record<string, INode>, ...arrows: string[]): string {
  const fields = Object.entries(nodes).map(([id, { at: _, ...rest }]) => [
    id,
    { type: 'executable', ...rest }
  ]);
  const edges = arrows.map(arrow => {
    const ends = arrow.split('->').flatMap(end => end.split(/\.(.*)/, 2)); // at the first dot
    const [source, output, target, input] = ends;
    return [arrow, { source, output, target, input }];
  });
  return JSON.stringify({
    version: 1,
    meta: { id: crypto.randomUUID(), title },
    nodes: Object.fromEntries(fields),
    edges: Object.fromEntries(edges),
    positions: Object.fromEntries(Object.entries(nodes).map(([id, { at }]) => [id, at]))
  });
}

/** The arguments of a script that copies a file: two variables with paths. */
export const IN = {
  name: 'source',
  role: 'input',
  reach: { kind: 'variable', variable: 'SOURCE' }
};
export const OUT = {
  name: 'out',
  role: 'output',
  format: 'txt',
  reach: { kind: 'variable', variable: 'OUT' }
};

/** Write a script with a description of its arguments. */
export async function script(
  server: LabServer,
  name: string,
  body: string,
  ...args: object[]
): Promise<void> {
  await writeFile(server.file(name), body);
  await writeFile(server.file(`${name}.nbexec`), JSON.stringify({ version: 1, arguments: args }));
}

/** Make the example a workflow of one small script, for journeys that only need some run. */
export async function simplifyExample(server: LabServer): Promise<void> {
  await writeFile(server.file('count.py'), 'print(344)\n');
  const flow = titled('Penguins', { count: { path: 'count.py', at: [0, 0] } });
  await writeFile(server.file('penguins.nbflow'), flow);
}

const UTILS = `from pathlib import Path

DATA = Path("data")
TARGET = "price"


def load(name):
    import pandas as pd

    return pd.read_csv(DATA / name)
`;
const EXPLORE = notebook(
  '# Explore and clean the houses\nimport pandas as pd\nimport utils',
  'df = utils.load("houses.csv")\ndf.describe()',
  'df = df.dropna()\ndf = df[df.price > 0]',
  'df.to_csv("data/clean.csv", index=False)'
);
const FEATURES = notebook(
  'MAX_ROOMS = 9',
  'import pandas as pd\nfrom utils import DATA',
  'clean = pd.read_csv(DATA / "clean.csv")\nclean["area_per_room"] = clean.area / clean.rooms.clip(1, MAX_ROOMS)',
  'out = f"{DATA}/features.csv"\nclean.to_csv(out, index=False)'
);
const TRAIN = notebook(
  'import joblib\nimport pandas as pd\nfrom sklearn.linear_model import LinearRegression\nimport utils',
  'table = utils.load("features.csv")\nX, y = table[["area", "rooms", "area_per_room"]], table[utils.TARGET]',
  'model = LinearRegression().fit(X, y)\nprint("R2", round(model.score(X, y), 3))',
  'joblib.dump(model, "model.joblib")'
);
const ROWS = Array.from({ length: 60 }, (_, i) => {
  const [area, rooms] = [40 + ((i * 37) % 120), 1 + (i % 6)];
  return i % 13 ? `${area},${rooms},${1000 * area + 5000 * rooms}` : `${area},${rooms},`;
});

/** Write a folder with data. */
export async function folder(server: LabServer, name: string, files: Record<string, string>) {
  await mkdir(server.file(`${name}/data`), { recursive: true });
  for (const [file, text] of Object.entries(files)) {
    await writeFile(server.file(`${name}/${file}`), text);
  }
}

/** Notebooks as people write them: literal paths, a module, no parameters. */
export async function housesFolder(server: LabServer): Promise<void> {
  await folder(server, 'houses', {
    'utils.py': UTILS,
    '1_explore.ipynb': EXPLORE,
    '2_features.ipynb': FEATURES,
    '3_train.ipynb': TRAIN,
    'data/houses.csv': ['area,rooms,price', ...ROWS].join('\n')
  });
}
