import { existsSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { withEngine } from '../lab/engine';
import { Lab } from '../lab/lab';
import { workflow } from '../lab/notebooks';
import { LabServer } from '../lab/server';
import { expect, test } from '../lab/test';

const FIRST = `echo "two lines
of text" > "$2"
echo "beat 1"
sleep 6
echo "beat 2"
`;
const SECOND = `wc -l < "$2" > "$4"
test -d /proc/1 && echo counted
`;

function argument(name: string, role: 'input' | 'output') {
  const rest = role === 'input' ? { required: true } : { default: `${name}.txt` };
  return { name, role, format: 'txt', reach: { kind: 'option', flag: `--${name}` }, ...rest };
}

/** Two scripts, one after the other. */
async function makeWorkflow(server: LabServer, image: string): Promise<void> {
  const scripts = {
    'first.sh': [FIRST, argument('made', 'output')],
    'second.sh': [SECOND, argument('given', 'input'), argument('count', 'output')]
  } as const;
  for (const [name, [source, ...args]] of Object.entries(scripts)) {
    await writeFile(server.file(name), source);
    await chmod(server.file(name), 0o755);
    const description = { version: 1, kind: 'command', arguments: args };
    await writeFile(server.file(`${name}.nbexec`), JSON.stringify(description));
  }
  const flow = workflow(
    {
      first: { path: 'first.sh', at: [0, 0], image },
      second: { path: 'second.sh', at: [320, 0], image }
    },
    'first.made->second.given'
  );
  await writeFile(server.file('boxes.nbflow'), flow);
}

/** Run with another runtime, this once. */
async function runIn(lab: Lab, runtime: string, look?: () => Promise<void>): Promise<void> {
  await lab.canvas.stage.focus();
  await lab.press('Control+Shift+Enter');
  await lab.dialog.getByRole('combobox', { name: 'Runtime' }).selectOption(runtime);
  await look?.();
  await lab.dialog.getByRole('button', { name: 'Run' }).click();
}

const withDocker = withEngine('tiny_image');

withDocker(
  'R12, K11, K5: a run in containers and a node in one, chosen on the canvas, live',
  async ({ lab, server, engine }) => {
    withDocker.skip(!!engine.lacking, engine.lacking);
    const { drawer } = lab;
    await makeWorkflow(server, engine.image);
    const canvas = await lab.openWorkflow('boxes.nbflow');
    await expect(canvas.arrows).toHaveCount(1);
    const sent = lab.page.waitForRequest(
      request => request.method() === 'POST' && /\/nbyard\/.*runs$/.test(request.url())
    );
    await runIn(lab, 'docker', async () => {
      await expect(lab.dialog).not.toContainText('unavailable');
      const kept = lab.dialog.getByLabel('Containers');
      await lab.dialog.getByRole('combobox', { name: 'Runtime' }).selectOption('process');
      await expect(kept).toHaveCount(0);
      await lab.dialog.getByRole('combobox', { name: 'Runtime' }).selectOption('docker');
      await kept.selectOption('warm');
    });
    expect((await sent).postDataJSON()).toMatchObject({ runtime: 'docker', containers: 'warm' });
    await expect(canvas.stateOf('first')).toContainText('running', { timeout: 30_000 });
    await drawer.tab('Logs');
    await drawer.choose('first');
    await expect(drawer.body.getByRole('log')).toContainText('beat 1');
    await expect(drawer.state).toHaveText('running');
    await drawer.succeeds();
    await expect(canvas.stateOf('second')).toContainText('succeeded');
    await drawer.tab('Tasks');
    await drawer.step('second').click();
    await expect(drawer.body).toContainText('docker · ');
    await drawer.tab('Results');
    await drawer.row('count').click();
    await expect(drawer.body.locator('pre')).toHaveText('2\n');

    await canvas.card('second.sh').click();
    await canvas.inspector.getByRole('combobox', { name: 'Runtime' }).selectOption('docker');
    await expect(canvas.card('second.sh')).toContainText(`docker${engine.image}`);
    // it names an image, too: a process only where that is said
    await canvas.card('first.sh').click();
    await canvas.inspector.getByRole('combobox', { name: 'Runtime' }).selectOption('process');
    await lab.execute('nbyard:run-workflow-anew');
    await expect(drawer.root).toContainText('#2');
    await drawer.succeeds();
    await drawer.tab('Tasks');
    await drawer.step('first').click();
    await expect(drawer.body).toContainText('process · ');
    await drawer.step('second').click();
    await expect(drawer.body).toContainText('docker · ');
  }
);

test(
  'R12: without an engine that is a fact, not an error: what waits says for what',
  { tag: '@long' },
  async ({ lab, server }) => {
    test.skip(existsSync('/var/run/docker.sock'), 'this machine has an engine');
    const { canvas, drawer } = lab;
    await makeWorkflow(server, '');
    await lab.openWorkflow('boxes.nbflow');
    await expect(canvas.arrows).toHaveCount(1);
    await runIn(lab, 'docker', async () => {
      await expect(lab.dialog).toContainText(
        'Containers are unavailable: Docker cannot be reached'
      );
    });
    await expect(canvas.stateOf('first')).toContainText('queued');
    await expect(canvas.stateOf('first')).toContainText('Docker cannot be reached');
    await expect(drawer.step('first')).toContainText(
      'position 1 · waits: Docker cannot be reached'
    );
    await expect(drawer.failure).toHaveCount(0);
    await canvas.stage.focus();
    await lab.press('Control+.');
    await expect(drawer.state).toContainText('cancelled');

    await canvas.card('first.sh').click();
    await canvas.inspector.getByRole('combobox', { name: 'Runtime' }).selectOption('docker');
    await expect(canvas.inspector).toContainText('Containers are unavailable');
    await canvas.inspector.getByRole('combobox', { name: 'Runtime' }).selectOption('process');
    await expect(canvas.inspector).not.toContainText('Containers are unavailable');
  }
);
