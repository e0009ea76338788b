import { writeFile } from 'node:fs/promises';
import { workflow } from '../lab/notebooks';
import { expect, test } from '../lab/test';

test(
  'K4, K8: runs of a shell are on the canvas, and the drawer is about the workflow in front',
  { tag: '@long' },
  async ({ lab, server }, info) => {
    await writeFile(server.file('first.sh'), 'echo first\n');
    await writeFile(server.file('second.sh'), 'echo second\n');
    await writeFile(server.file('fails.sh'), 'test -e mended\n');
    const nodes = {
      first: { path: 'first.sh', at: [0, 0] as [number, number] },
      second: { path: 'second.sh', at: [400, 0] as [number, number] }
    };
    await writeFile(server.file('one.nbflow'), workflow(nodes));
    await writeFile(
      server.file('two.nbflow'),
      workflow({ fails: { path: 'fails.sh', at: [0, 0] as [number, number] } })
    );
    const { drawer } = lab;
    const one = await lab.openWorkflow('one.nbflow');
    expect(await server.shell('run', 'one.nbflow')).toBe(0);
    await expect(one.stateOf('first')).toContainText('succeeded');
    await lab.execute('nbyard:show-run');
    await expect(drawer.root).toContainText('#1');
    await drawer.root.getByRole('button', { name: 'Rerun', exact: true }).click();
    await expect(drawer.root).toContainText('#2');
    await drawer.succeeds();

    const two = await lab.openWorkflow('two.nbflow');
    expect(await server.shell('run', 'two.nbflow')).not.toBe(0);
    await expect(two.stateOf('fails')).toContainText('failed');
    await expect(drawer.root).toContainText('#2');
    await lab.tab('one.nbflow').click();
    await lab.tab('two.nbflow').click();
    await expect(drawer.root).toContainText('#3');
    await expect(drawer.root.getByRole('button', { name: 'Retry From Failure' })).toBeVisible();
    await lab.page.screenshot({ path: info.outputPath('two.png') });

    await lab.tab('one.nbflow').click();
    await expect(drawer.root).toContainText('#2');
    await one.card('second.sh').click();
    await drawer.tab('Logs');
    await expect(drawer.body.getByLabel('Task')).toHaveValue('second');
    expect(await server.shell('run', 'one.nbflow', '--force')).toBe(0);
    await expect(drawer.root).toContainText('#4');
    await drawer.tab('Logs');
    await expect(drawer.body.getByLabel('Task')).toHaveValue('second');
    await expect(drawer.body.getByRole('log')).toContainText('second');
    await lab.page.screenshot({ path: info.outputPath('one.png') });
  }
);
