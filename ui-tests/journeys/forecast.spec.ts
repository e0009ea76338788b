import { writeFile } from 'node:fs/promises';
import { IN, OUT, script, workflow } from '../lab/notebooks';
import { expect, test } from '../lab/test';

test('K15: before a run, the toolbar and the cards show what would run and why', async ({
  lab,
  server
}, info) => {
  await script(server, 'draw.sh', 'cat beside.txt > "$OUT"\n', OUT);
  await script(server, 'use.sh', 'cat "$SOURCE" > "$OUT"\n', IN, OUT);
  await script(server, 'other.sh', 'echo other > "$OUT"\n', OUT);
  await writeFile(server.file('beside.txt'), 'one');
  const nodes = {
    draw: { path: 'draw.sh', at: [0, 0] as [number, number] },
    use: { path: 'use.sh', at: [400, 0] as [number, number] },
    other: { path: 'other.sh', at: [0, 200] as [number, number] }
  };
  await writeFile(server.file('forecast.nbflow'), workflow(nodes, 'draw.out->use.source'));

  const canvas = await lab.openWorkflow('forecast.nbflow');
  const forecast = lab.page.locator('.nby-Forecast:visible').getByRole('button');
  await expect(forecast).toHaveText('up to 3 will run');
  await expect(forecast).toHaveAttribute('title', /other\.sh: it has no earlier result/);
  const beside = canvas.button('add-node');
  const place = await beside.boundingBox();
  const draw = canvas.card('draw.sh');
  await expect(draw.getByText('stale')).toHaveCount(0);

  await canvas.button('run-workflow').click();
  await lab.drawer.succeeds();
  await expect(forecast).toHaveText('All 3 cached');
  await expect.poll(() => beside.boundingBox()).toEqual(place);
  await forecast.click();
  await expect(lab.page.getByText('No node would run')).toBeVisible();

  await writeFile(server.file('beside.txt'), 'two');
  await canvas.stage.focus();
  await draw.click();
  await lab.press('Alt+ArrowRight');
  await lab.execute('docmanager:save');
  await expect(forecast).toHaveText(/^1 cached, up to 2 will run, about /);
  await expect(draw.getByText('stale')).toHaveAttribute(
    'title',
    'Will run: the file beside.txt changed'
  );
  await lab.page.screenshot({ path: info.outputPath('stale.png') });
  await forecast.focus();
  await lab.press('Enter');
  await expect(canvas.picker.getByRole('option')).toHaveCount(2);
  await lab.page.screenshot({ path: info.outputPath('would-run.png') });
  await lab.press('Enter');
  await expect(canvas.picker).toBeHidden();
  await expect(draw).toBeFocused();
  await canvas.stage.focus();
  await lab.press('Control+f');
  await lab.page.keyboard.type('is:stale');
  await expect(canvas.picker.getByRole('option')).toHaveCount(2);
  await lab.press('Escape');

  await lab.page.setViewportSize({ width: 760, height: 700 });
  await expect(lab.page.locator('.nby-Forecast')).toBeHidden();
});
