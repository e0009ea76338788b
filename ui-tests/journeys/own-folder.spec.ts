import { readdir, readFile } from 'node:fs/promises';
import { violationsIn } from '../lab/axe';
import { withEngine } from '../lab/engine';
import { folder, housesFolder } from '../lab/notebooks';
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

const withDocker = withEngine('base_image', image => ({
  NBYARD_DOCKER_BASE_IMAGE: image,
  NBYARD_DOCKER_BUILD_NETWORK: 'none'
}));

withDocker(
  'K3, M6: notebooks that never ran become a workflow, and one run later a live endpoint',
  async ({ lab, server, engine }, info) => {
    withDocker.skip(!!engine.lacking, engine.lacking);
    withDocker.setTimeout(600_000);
    const { canvas, page } = lab;
    const view = page.locator('.jp-MainAreaWidget:not(.lm-mod-hidden) .nby-View');
    const picture = (name: string) => page.screenshot({ path: info.outputPath(`${name}.png`) });
    await housesFolder(server);
    const train = await readFile(server.file('houses/3_train.ipynb'), 'utf8');
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
    expect(await readFile(server.file('houses/3_train.ipynb'), 'utf8')).toBe(train);
  }
);

test('K2, K3: a dropped folder of scripts is connected by one dialog or by hand, and by one undo no more', async ({
  lab,
  server
}, info) => {
  const { canvas, page } = lab;
  await folder(server, 'survey', {
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
  const described = async () =>
    (await readdir(server.file('survey'))).filter(name => name.endsWith('.nbexec')).length;
  const undo = async () => {
    await lab.press('Control+z');
    await expect(canvas.arrows).toHaveCount(0);
    await expect.poll(described).toBe(0);
    await expect(canvas.card('clean.py').locator('.nby-mod-suggested')).toHaveCount(2);
    await expect(canvas.card('report.py').locator('.nby-mod-suggested')).toHaveCount(2);
  };
  await lab.dialog.getByRole('button', { name: 'Connect' }).click();
  await expect(canvas.arrows).toHaveCount(1);
  await canvas.isTidy();
  await undo();
  await lab.execute('nbyard:fit-workflow');
  await page.screenshot({ path: info.outputPath('dashed.png') });
  await canvas.connect(['clean.py', 'clean'], ['report.py', 'clean']);
  await expect.poll(described).toBe(2);
  await page.screenshot({ path: info.outputPath('drawn.png') });
  await undo();
  await lab.click(canvas.button('connect-automatically'));
  await lab.dialog.getByRole('button', { name: 'Connect' }).click();
  await expect(canvas.arrows).toHaveCount(1);
  await undo();
  await lab.press('Control+Shift+z');
  await expect(canvas.arrows).toHaveCount(1);
  await expect.poll(described).toBe(2);
  await lab.click(canvas.button('run-workflow'));
  await lab.drawer.succeeds();
  await expect(canvas.preview('report.py')).toContainText('2 answers');
  await page.screenshot({ path: info.outputPath('results.png') });
  expect(await readFile(server.file('survey/clean.py'), 'utf8')).toBe(CLEAN);
});
