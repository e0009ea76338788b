/** R5, X3: two runs side by side in three actions, and why a number differs. */
import { writeFile } from 'node:fs/promises';
import { violationsIn } from '../lab/axe';
import { Lab } from '../lab/lab';
import { notebook, parameters } from '../lab/notebooks';
import { LabServer } from '../lab/server';
import { expect, test } from '../lab/test';

/** Scores a rate, draws it and writes a table; `factor` is in its second cell. */
const book = (factor: number) =>
  notebook(
    parameters('rate = 0.5', "output_csv = 'scores.csv'"),
    `import nbyard\nscore = rate * ${factor}\nnbyard.log_metric('score', score)`,
    `from io import BytesIO
from IPython.display import Image, display
from PIL import Image as Pixels
made = BytesIO()
Pixels.new('RGB', (240, 120), (int(60 * score), 120, 200)).save(made, 'PNG')
display(Image(made.getvalue()))
open(output_csv, 'w').write('step,score\\n1,%s\\n2,%s\\n' % (score, 2 * score))`
  );

/** Three runs: the last differs from the one before in a parameter and a cell. */
async function ran(server: LabServer): Promise<void> {
  const given = [
    [1, 0.25],
    [1, 0.5],
    [3, 0.75]
  ];
  for (const [at, [factor, rate]] of given.entries()) {
    await writeFile(server.file('score.ipynb'), book(factor));
    await server.post('runs', { path: 'score.ipynb', parameters: { rate } });
    const ended = async () => {
      const { items } = await (await server.ask('GET', 'runs?state=succeeded')).json();
      return items.length;
    };
    await expect.poll(ended, { timeout: 120_000 }).toBe(at + 1);
  }
}

const view = (lab: Lab) => lab.page.locator('.jp-MainAreaWidget:not(.lm-mod-hidden) .nby-View');
const rows = (lab: Lab) => lab.page.locator('#nbyard-sidebar .nby-Row[data-noun="run"]');

test('R5, X3: two runs are compared in three actions, and Why? names the causes', async ({
  lab,
  server
}, info) => {
  await lab.panel();
  await ran(server);
  await expect(rows(lab)).toHaveCount(3);
  lab.actions = 0;
  await lab.click(rows(lab).nth(0), { modifiers: ['ControlOrMeta'] });
  await lab.click(rows(lab).nth(1), { modifiers: ['ControlOrMeta'] });
  await lab.page.screenshot({ path: info.outputPath('selected.png') });
  await lab.click(lab.section('run').getByRole('button', { name: 'Compare' }));
  lab.did('compare');
  const shown = view(lab);
  await expect(shown.getByRole('heading', { name: 'Compare runs' })).toBeFocused();
  const metric = shown.getByRole('row', { name: /score/ }).filter({ hasText: '2.25' });
  await expect(metric).toContainText('0.5');
  await expect(shown.getByRole('rowgroup', { name: 'Parameters' })).toContainText('0.75');
  await expect(shown.getByRole('img', { name: /executed.ipynb of run/ })).toHaveCount(2);
  await expect(shown.getByRole('rowgroup', { name: 'Code' })).toContainText('score = rate * 3');
  await expect(shown.getByRole('rowgroup', { name: 'Environment' })).toContainText('1 equal');

  // Both runs succeeded, so a metric has to say which one is good.
  const bisect = shown.getByRole('button', { name: 'Find the Change That Broke It…' });
  await bisect.click();
  await shown.getByRole('combobox', { name: 'Judge by' }).selectOption({ index: 1 });
  await shown
    .getByRole('group', { name: 'Which run is good?' })
    .getByRole('button')
    .first()
    .click();
  await expect(shown.getByText('2 changes, about 4 runs, at most 20')).toBeVisible();
  await lab.page.screenshot({ path: info.outputPath('judged.png') });
  await bisect.click();

  await shown.getByRole('button', { name: 'Why does score differ?' }).click();
  const why = shown.locator('.nby-Why');
  await expect(why.getByRole('listitem')).toHaveCount(2);
  await expect(why).toContainText('rate changed 0.5 → 0.75');
  await why.getByRole('button', { name: /cell 2 changed/ }).click();
  await expect(shown.getByRole('row', { name: /score.ipynb version/ })).toBeFocused();
  await why.getByRole('button', { name: 'Find the Change That Broke It…' }).click();
  await why.getByRole('group').getByRole('button').first().click();
  await expect(why).toContainText('2 changes, about 4 runs, at most 20');
  await why.getByRole('button', { name: 'Start' }).click();
  await expect(why.getByRole('status')).toContainText('Cause of the bad result: ', {
    timeout: 120_000
  });
  await why.scrollIntoViewIfNeeded();
  await lab.page.screenshot({ path: info.outputPath('bisected.png') });
  await expect(rows(lab)).toHaveCount(3);
  await shown.getByRole('button', { name: 'Differences of output_csv' }).click();
  await expect(shown.getByRole('table', { name: 'Columns of both versions' })).toContainText(
    'score'
  );
  await expect(shown.getByRole('rowgroup', { name: 'Outputs' })).toContainText('2 rows');
  await shown.getByRole('button', { name: 'Plot Metrics Over Runs' }).click();
  const plot = shown.getByRole('img', { name: 'score in 3 runs, last 2.25' });
  await expect(plot).toBeVisible();
  for (const theme of ['JupyterLab Light', 'JupyterLab Dark']) {
    await lab.theme(theme);
    const found = await violationsIn(lab.page, ['.nby-View', '#nbyard-sidebar']);
    await lab.page.screenshot({ path: info.outputPath(`${theme.split(' ')[1]}.png`) });
    expect(found.map(({ id, nodes }) => `${id}: ${nodes[0].target}`)).toEqual([]);
  }
  await shown.getByRole('checkbox', { name: 'Differences only' }).uncheck();
  await expect(shown.getByRole('rowgroup', { name: 'Environment' })).toContainText('python3');

  await lab.reload();
  await expect(view(lab).getByRole('rowgroup', { name: 'Parameters' })).toContainText('0.75');
});

test('R5: the page of runs shows metrics, tags runs and follows them', async ({
  lab,
  server
}, info) => {
  await lab.panel();
  await ran(server);
  await lab.click(lab.section('run').getByRole('button', { name: 'Open Runs as Page' }));
  const page = view(lab);
  const numbers = () => page.getByRole('row').locator('td:nth-child(3)').allTextContents();
  await expect(page.getByRole('row')).toHaveCount(4);
  await page.getByRole('button', { name: 'Columns' }).click();
  await page.getByRole('checkbox', { name: 'score', exact: true }).check();
  await page.getByRole('button', { name: 'Columns' }).click();
  await page.getByRole('button', { name: 'score', exact: true }).click();
  await page.getByRole('button', { name: 'score', exact: true }).click();
  await expect.poll(numbers).toEqual(['1', '2', '3']);
  await expect(page.getByRole('row').nth(3)).toContainText('2.25');
  await expect(page.getByRole('row').nth(3)).toContainText('rate=0.75');

  await page.getByRole('row').nth(1).focus();
  await lab.press('Space');
  await lab.press('Space');
  await page.getByRole('button', { name: 'Tag…' }).click();
  await lab.page.keyboard.type('paper');
  await lab.press('Enter');
  await page.getByRole('button', { name: 'paper' }).first().click();
  await expect(page.getByRole('searchbox')).toHaveValue('tag:paper');
  await expect(page.getByRole('row')).toHaveCount(3);

  const kept = () => server.remembers('nbyard:runs-page', 'score","isDown":false');
  await expect.poll(kept).toBe(true); // as it does after a while
  await lab.reload();
  await expect(page.getByRole('searchbox')).toHaveValue('tag:paper');
  await expect(page.getByRole('button', { name: 'score', exact: true })).toBeVisible();
  await page.getByRole('searchbox').fill('');
  await server.post('runs', { path: 'score.ipynb', parameters: { rate: 9 } });
  await expect(page.getByRole('row').nth(4)).toContainText('rate=9', { timeout: 60_000 });
  const score = page.getByRole('row').nth(4).getByRole('gridcell', { name: '27', exact: true });
  await expect(score).toBeVisible({ timeout: 60_000 });
  await expect(page.getByRole('row').nth(4)).toContainText('succeeded'); // live runs stay
  await lab.page.screenshot({ path: info.outputPath('page.png') });
  await page.getByRole('checkbox', { name: 'Select all loaded runs' }).check();
  await page.getByRole('button', { name: 'Delete…' }).click();
  await lab.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByText(/^No runs yet/)).toBeVisible();
});

test('R5: two runs are compared with three keys', { tag: '@long' }, async ({ lab, server }) => {
  await lab.panel();
  await ran(server);
  await expect(rows(lab)).toHaveCount(3);
  await rows(lab).nth(0).focus();
  lab.actions = 0;
  await lab.press('Space');
  await lab.press('Space');
  await lab.press('c');
  lab.did('compare', 'keys');
  await expect(view(lab).getByRole('rowgroup', { name: 'Metrics', exact: true })).toContainText(
    '2.25'
  );
  await expect(lab.section('run').getByRole('button', { name: 'Compare' })).toHaveCount(0);
});
