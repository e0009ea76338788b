import { Locator } from '@playwright/test';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { violationsIn } from '../lab/axe';
import { Lab } from '../lab/lab';
import { LabServer } from '../lab/server';
import { expect, test } from '../lab/test';

const VIEW = '.jp-MainAreaWidget:not(.lm-mod-hidden) .nby-View';

function comparison(lab: Lab): Locator {
  return lab.page.locator(VIEW).getByRole('region', { name: 'Compare versions' });
}

async function version(server: LabServer, name: string, path: string): Promise<void> {
  await server.post('datasets', { source: { kind: 'file', path }, name, replace: true });
}

test(
  'D8: two versions of a table side by side, and of a folder',
  { tag: '@long' },
  async ({ lab, server }, info) => {
    await writeFile(server.file('1.csv'), 'id,mass,old\n1,2.5,x\n2,3.5,y\n');
    await writeFile(server.file('2.csv'), 'id,mass,fresh\n1,2.5,1\n2,,2\n3,9.5,3\n');
    for (const [folder, names] of Object.entries({ one: ['a', 'b'], two: ['a', 'c'] })) {
      await mkdir(server.file(folder));
      await Promise.all(
        names.map(name => writeFile(`${server.file(folder)}/${name}`, name + folder))
      );
    }
    await version(server, 'birds', '1.csv');
    await version(server, 'pictures', 'one');
    await lab.panel();
    await expect(lab.row('dataset', 'birds')).toContainText('2 × 3');
    await lab.row('dataset', 'birds').dblclick();
    const view = lab.page.locator(VIEW);
    await view.getByRole('tab', { name: 'Versions' }).click();
    await expect(comparison(lab)).toHaveCount(0); // there is one only
    await version(server, 'birds', '2.csv');
    await expect(comparison(lab).getByRole('status')).toContainText('2 → 3 (+1) rows');
    const table = comparison(lab).getByRole('table', { name: 'Columns of both versions' });
    await expect(table.getByRole('row', { name: 'old removed' })).toBeVisible();
    await expect(table.getByRole('row', { name: 'fresh added' })).toBeVisible();
    await expect(table.getByRole('row', { name: 'mass changed' })).toContainText('0 → 1');
    await expect(table.getByRole('row', { name: 'mass changed' })).toContainText('3.5 → 9.5');
    await lab.page.screenshot({ path: info.outputPath('table.png') });
    const found: string[] = [];
    for (const theme of ['JupyterLab Dark', 'JupyterLab Dark High Contrast', 'JupyterLab Light']) {
      await lab.theme(theme);
      const violations = await violationsIn(lab.page, VIEW);
      found.push(
        ...violations.map(({ id, nodes }) => `${theme} ${id}: ${nodes[0].failureSummary}`)
      );
    }
    expect(found).toEqual([]);
    await comparison(lab).getByLabel('Changes from').selectOption({ index: 0 });
    await expect(comparison(lab).getByRole('status')).toContainText(
      'Both versions have the same bytes.'
    );

    await version(server, 'pictures', 'two');
    await expect(lab.row('dataset', 'pictures')).toContainText('v2');
    await lab.row('dataset', 'pictures').dblclick();
    await view.getByRole('tab', { name: 'Versions' }).click();
    await expect(comparison(lab).getByRole('status')).toContainText('3 files differ');
    const files = comparison(lab).getByRole('region', { name: 'Changes' });
    await expect(files).toContainText('changed: a');
    await expect(files).toContainText('removed: b');
    await expect(files).toContainText('added: c');
  }
);

test(
  'D9: a dataset in a workflow that never ran is kept, unless forced; a past run keeps its input',
  { tag: '@long' },
  async ({ lab, server }) => {
    const { page, dialog, drawer } = lab;
    await version(server, 'birds', 'penguins.csv');
    const panel = await lab.panel();
    const row = lab.row('dataset', 'birds');
    await expect(row).toContainText('344 × 8');
    const parameters = { input_csv: 'birds' };
    await server.post('runs', { path: 'clean.ipynb', name: 'past', parameters });
    const nodes = { birds: { type: 'dataset', dataset: await row.getAttribute('data-id') } };
    const flow = { version: 1, nodes, edges: {} };
    await writeFile(server.file('drawn.nbflow'), JSON.stringify(flow));
    await row.focus();
    await lab.press('Delete');
    await dialog.getByRole('button', { name: 'Delete' }).click();
    await expect(dialog).toContainText('is used by drawn.nbflow.');
    await dialog.getByRole('button', { name: 'Delete Anyway' }).click();
    await expect(row).toHaveCount(0);

    await panel.locator('.nby-Row[data-noun="run"]').first().dblclick();
    await drawer.succeeds();
    await drawer.tab('Details');
    const given = drawer.row('input_csv').filter({ hasText: 'penguins.csv · birds v1' });
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      given.getByRole('link', { name: 'Download' }).click()
    ]);
    expect(await readFile(await file.path())).toEqual(await readFile(server.file('penguins.csv')));
  }
);
