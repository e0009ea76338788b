import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { violationsIn } from '../lab/axe';
import { withEngine } from '../lab/engine';
import { notebook } from '../lab/notebooks';
import { LabServer } from '../lab/server';
import { expect, test } from '../lab/test';

const CLEAN = `import csv
from config import CLEAN, RAW

rows = [row for row in csv.reader(open(RAW)) if row[1]]
with open(CLEAN, "w") as file:
    csv.writer(file).writerows(rows)
`;
const REPORT = `import csv
from config import CLEAN

count = len(list(csv.reader(open(CLEAN)))) - 1
open("out/report.md", "w").write(f"{count} answers")
`;

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

const withDocker = withEngine('base_image', image => ({
  NBYARD_DOCKER_BASE_IMAGE: image,
  NBYARD_DOCKER_BUILD_NETWORK: 'none'
}));

async function write(server: LabServer, folder: string, files: Record<string, string>) {
  await mkdir(server.file(`${folder}/data`), { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    await writeFile(server.file(`${folder}/${name}`), text);
  }
}

withDocker(
  'K3, M6: notebooks that never ran become a workflow, and one run later a live endpoint',
  async ({ lab, server, engine }, info) => {
    withDocker.skip(!!engine.lacking, engine.lacking);
    withDocker.setTimeout(600_000);
    const { canvas, page } = lab;
    const view = page.locator('.jp-MainAreaWidget:not(.lm-mod-hidden) .nby-View');
    const picture = (name: string) => page.screenshot({ path: info.outputPath(`${name}.png`) });
    await write(server, 'houses', {
      'utils.py': UTILS,
      '1_explore.ipynb': EXPLORE,
      '2_features.ipynb': FEATURES,
      '3_train.ipynb': TRAIN,
      'data/houses.csv': ['area,rooms,price', ...ROWS].join('\n')
    });
    await lab.execute('filebrowser:go-to-path', { path: 'houses' });
    lab.actions = 0;
    await lab.click(lab.tile('New Workflow from This Folder')); // 1
    // the rules of the example, which contains the folder, leave *.csv out of copies of the code
    await expect(canvas.card('houses.csv')).toBeVisible();
    await expect(canvas.card('3_train.ipynb')).toBeVisible();
    await expect(canvas.arrows).toHaveCount(3);
    await picture('workflow');
    await lab.click(canvas.button('run-workflow')); // 2
    await lab.drawer.succeeds();
    await picture('ran');
    await lab.click(canvas.card('3_train.ipynb').getByRole('button', { name: 'Deploy' })); // 3
    await expect(view.getByRole('textbox', { name: 'Title' })).toBeFocused();
    await lab.press('Enter'); // 4
    const send = view.getByRole('button', { name: 'Send' });
    await expect(send).toBeVisible({ timeout: 300_000 });
    await expect(view.getByLabel('area_per_room')).toHaveValue('38.5');
    await lab.click(send); // 5
    await expect(view).toContainText(/price\D*8[67]\d{3}/);
    await picture('answer');
    lab.did('own');
    expect(await readFile(server.file('houses/3_train.ipynb'), 'utf8')).toBe(TRAIN);
  }
);

test('K2, K3: a dropped folder of scripts is connected by one dialog, and by one undo no more', async ({
  lab,
  server
}, info) => {
  const { canvas, page } = lab;
  await write(server, 'survey', {
    'clean.py': CLEAN,
    'report.py': REPORT,
    'config.py': 'RAW = "data/raw.csv"\nCLEAN = "data/clean.csv"\n',
    'data/raw.csv': 'name,answer\nann,4\nbob,\ncat,5\n',
    'nbyard.toml': ''
  });
  await lab.execute('filebrowser:go-to-path', { path: '/' });
  await lab.click(lab.tile('New Workflow'));
  await expect(canvas.stage).toBeVisible();
  await lab.drag(lab.file('survey'), canvas.stage);
  await expect(canvas.cards).toHaveCount(2);
  await lab.click(canvas.strip.getByRole('button', { name: 'Connect…' }));
  const boxes = lab.dialog.getByRole('checkbox', { checked: true });
  await expect(boxes).toHaveCount(2); // a connection, and the report
  expect(await violationsIn(page, '.jp-Dialog')).toEqual([]);
  await page.screenshot({ path: info.outputPath('dialog.png') });
  await lab.dialog.getByRole('button', { name: 'Connect' }).click();
  await expect(canvas.arrows).toHaveCount(1);
  await canvas.isTidy();
  await lab.press('Control+z');
  await expect(canvas.arrows).toHaveCount(0);
  await lab.press('Control+Shift+z');
  await expect(canvas.arrows).toHaveCount(1);
  await lab.click(canvas.button('run-workflow'));
  await lab.drawer.succeeds();
  await expect(canvas.preview('report.py')).toContainText('2 answers');
  await page.screenshot({ path: info.outputPath('results.png') });
  expect(await readFile(server.file('survey/clean.py'), 'utf8')).toBe(CLEAN);
});
