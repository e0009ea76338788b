import { writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { notebook, parameters, workflow } from '../lab/notebooks';
import { LabServer } from '../lab/server';
import { expect, test } from '../lab/test';

/** A notebook that makes the file `arrives` and goes on when the file `waits` is there. */
function waiting(server: LabServer, arrives: string, waits: string): string {
  const given = parameters('input_txt = ""  # input: txt', 'output_txt = "o.txt"  # output: txt');
  const work = [
    'from pathlib import Path',
    'from time import sleep',
    `Path(${JSON.stringify(server.file(arrives))}).touch()`,
    `while not Path(${JSON.stringify(server.file(waits))}).exists():`,
    '    sleep(0.05)',
    'Path(output_txt).write_text("done")'
  ];
  return notebook(given, 'print("under way")', work.join('\n'));
}

/** Two notebooks, one after the other; each waits to be let on. */
async function makeSlowWorkflow(server: LabServer): Promise<void> {
  for (const name of ['first', 'second']) {
    const text = waiting(server, `${name}.here`, `${name}.go`);
    await writeFile(server.file(`${name}.ipynb`), text);
  }
  const nothing = { arguments: { input_txt: { value: '' } } };
  const flow = workflow(
    {
      first: { path: 'first.ipynb', at: [0, 0], ...nothing },
      second: { path: 'second.ipynb', at: [360, 60] }
    },
    'first.output_txt->second.input_txt'
  );
  await writeFile(server.file('slow.nbflow'), flow);
}

const letOn = (server: LabServer, name: string) => writeFile(server.file(`${name}.go`), '');
const arrived = (server: LabServer, name: string) =>
  expect.poll(() => existsSync(server.file(`${name}.here`)), { timeout: 45_000 }).toBe(true);

test('K6, R10: a reload in mid-run brings canvas, drawer and states back; a second browser sees them', async ({
  lab,
  anotherLab,
  server
}) => {
  await makeSlowWorkflow(server);
  const canvas = await lab.openWorkflow('slow.nbflow');
  await expect(canvas.arrows).toHaveCount(1);
  await lab.click(canvas.button('run-workflow'));
  await arrived(server, 'first');
  await expect(canvas.stateOf('first')).toContainText('running');
  await expect(lab.drawer.step('first')).toContainText(/cell 3\/3/);
  await expect.poll(() => server.remembersBelow('nbyard-run:')).toBe(true); // as it does after a while

  await lab.reload();
  await expect(canvas.cards).toHaveCount(2);
  await expect(canvas.arrows).toHaveCount(1);
  await expect(canvas.stateOf('first')).toContainText('running');
  await expect(canvas.stateOf('second')).toContainText('waiting');
  await expect(lab.drawer.state).toHaveText('running');
  await expect(lab.drawer.step('first')).toContainText(/cell 3\/3/);

  const other = await anotherLab();
  const watched = await other.openWorkflow('slow.nbflow');
  await expect(watched.stateOf('first')).toContainText('running');
  await other.execute('nbyard:show-run');
  await expect(other.drawer.state).toHaveText('running');

  await letOn(server, 'first');
  for (const one of [canvas, watched]) {
    await expect(one.stateOf('first')).toContainText('succeeded');
    await expect(one.stateOf('second')).toContainText('running');
  }
  await letOn(server, 'second');
  for (const one of [lab, other]) {
    await one.drawer.succeeds();
    await expect(one.canvas.stateOf('second')).toContainText('succeeded');
  }
});

test.describe('with a server to kill', () => {
  test.use({ ownServer: {} });

  test(
    'R8, K6: a killed server stops nothing; the next one shows the run',
    { tag: '@long' },
    async ({ lab, server }) => {
      await makeSlowWorkflow(server);
      const canvas = await lab.openWorkflow('slow.nbflow');
      await expect(canvas.arrows).toHaveCount(1);
      await lab.click(canvas.button('run-workflow'));
      await arrived(server, 'first');
      await expect(canvas.stateOf('first')).toContainText('running');

      lab.actions = 0;
      await server.kill();
      for (const place of [canvas.root, lab.drawer.root]) {
        await expect(place.locator('.nby-Away')).toContainText('Reconnecting');
        await expect(place.locator('.nby-Away')).toContainText(/updated [1-9]\d* s ago/);
      }
      // as a JupyterHub answers a page once it has restarted the server
      await lab.page.route('**/api/me*', route => route.fulfill({ status: 403, json: {} }));
      for (const place of [canvas.root, lab.drawer.root]) {
        await expect(place.locator('.nby-Away')).toContainText('Your sign-in has expired.');
        await expect(place.getByRole('button', { name: 'Sign In Again' })).toBeVisible();
      }
      await lab.page.unroute('**/api/me*');
      await letOn(server, 'first');
      await arrived(server, 'second'); // without any server
      await expect(canvas.stateOf('first')).toContainText('running'); // as far as is known here
      await server.start();
      await expect(canvas.stateOf('second')).toContainText('running', { timeout: 45_000 });
      await expect(canvas.stateOf('first')).toContainText('succeeded');
      await expect(lab.drawer.step('first')).toContainText('succeeded');
      await expect(lab.page.locator('.nby-Away')).toHaveCount(0);
      lab.did('restart');
      lab.did('restart', 'keys');
      await lab.reload();
      await expect(canvas.stateOf('second')).toContainText('running');
      await expect(lab.drawer.state).toHaveText('running');
      await letOn(server, 'second');
      await lab.drawer.succeeds();
    }
  );
});

test('R7, K5: a run that is stopped ends at once, what follows is skipped', async ({
  lab,
  server
}) => {
  await makeSlowWorkflow(server);
  const canvas = await lab.openWorkflow('slow.nbflow');
  await expect(canvas.arrows).toHaveCount(1);
  await lab.click(canvas.button('run-workflow'));
  await arrived(server, 'first');
  await expect(canvas.stateOf('first')).toContainText('running');
  await canvas.stage.focus();
  await lab.press('Control+.');
  await expect(lab.drawer.state).toContainText('cancelled');
  await expect(canvas.stateOf('first')).toContainText('cancelled');
  await expect(canvas.stateOf('second')).toContainText(/skipped|cancelled/);
});

test(
  'K6: a reload brings back half-filled forms and the view of a deployment',
  { tag: '@long' },
  async ({ lab, server }) => {
    const { page } = lab;
    await writeFile(server.file('count.sh'), 'wc -l "$1"\n');
    await lab.execute('nbyard:register-executable', { path: 'count.sh' });
    const register = page.locator('.nby-Register:visible');
    await register.getByLabel('Name', { exact: true }).fill('count lines');
    await register.getByRole('button', { name: 'Add a Parameter' }).click();
    await register.getByLabel('Name of parameter 1').fill('table');
    await lab.execute('nbyard:create-deployment');
    const deployment = page.locator('.nby-Deployment-form:visible');
    await deployment.getByLabel('Service').selectOption({ label: 'JupyterLab' });
    await deployment.getByRole('textbox', { name: 'Title' }).fill('My server');
    await deployment.getByLabel('Password').fill('a long secret');
    await lab.execute('nbyard:create-artifact');
    await server.post('deployments', { image: 'example.org/none:1', name: 'none' });
    const { items } = await (await server.ask('GET', 'deployments')).json();
    await lab.execute('nbyard:open-deployment', { id: items[0].id });
    await expect(page.locator('.nby-View:visible').getByRole('heading')).toHaveText('none');
    await expect.poll(() => server.remembersInMain('nbyard-deployment', 2)).toBe(true);
    await expect.poll(() => server.remembersInMain('nbyard-artifact', 1)).toBe(true);

    await lab.reload();
    await expect(page.locator('.nby-View:visible').getByRole('heading')).toHaveText('none');
    await lab.tab('New Artifact').click();
    await lab.tab('count.sh').click();
    await expect(register.getByLabel('Name', { exact: true })).toHaveValue('count lines');
    await expect(register.getByLabel('Name of table')).toHaveValue('table');
    await lab.tab('New Deployment').click();
    await expect(deployment.getByRole('textbox', { name: 'Title' })).toHaveValue('My server');
    await expect(deployment.getByLabel('Password')).toHaveValue('');

    await lab.closeTab('New Deployment');
    await lab.execute('nbyard:create-deployment');
    await expect(deployment.getByRole('textbox', { name: 'Title' })).toHaveValue(''); // closed: the draft is gone
  }
);
