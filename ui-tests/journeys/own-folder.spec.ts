import { mkdir, readFile, writeFile } from 'node:fs/promises';
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

test('K3: a folder of scripts that never ran becomes a workflow with results', async ({
  lab,
  server
}, info) => {
  await mkdir(server.file('survey/data'), { recursive: true });
  const files = {
    'clean.py': CLEAN,
    'report.py': REPORT,
    'config.py': 'RAW = "data/raw.csv"\nCLEAN = "data/clean.csv"\n',
    'data/raw.csv': 'name,answer\nann,4\nbob,\ncat,5\n'
  };
  for (const [name, text] of Object.entries(files)) {
    await writeFile(server.file(`survey/${name}`), text);
  }
  await lab.execute('filebrowser:go-to-path', { path: 'survey' });
  await lab.click(lab.file('clean.py'));
  await lab.click(lab.tile('New Workflow from This Folder'));
  const { canvas } = lab;
  // the rules of the example, which contains the folder, leave *.csv out of copies of the code
  for (const name of ['raw.csv', 'clean.py', 'report.py']) {
    await expect(canvas.card(name)).toBeVisible();
  }
  await expect(canvas.arrows).toHaveCount(2);
  await lab.page.screenshot({ path: info.outputPath('workflow.png') });
  await lab.click(canvas.button('run-workflow'));
  lab.did('own');
  await expect(lab.drawer.state).toHaveText('succeeded', { timeout: 60_000 });
  await expect(canvas.preview('report.py')).toContainText('2 answers');
  await lab.page.screenshot({ path: info.outputPath('results.png') });
  expect(await readFile(server.file('survey/clean.py'), 'utf8')).toBe(CLEAN);
});
