import { readFile, writeFile } from 'node:fs/promises';
import { IN, OUT, script } from '../lab/notebooks';
import { LabServer } from '../lab/server';
import { expect, test } from '../lab/test';

const N = { name: 'n', role: 'value', type: 'int', default: 0 };
const MAP = { each: { kind: 'list', over: 'n' }, on_failure: 'all' };

function edge(source: string, output: string, target: string, input: string) {
  return { source, output, target, input };
}

/** Elements that are known at run time, of which one fails, and a node that follows them. */
async function makeWorkflow(server: LabServer): Promise<void> {
  await script(server, 'numbers.sh', 'echo "[1, 2, 3]" > "$OUT"\n', OUT);
  const variable = { kind: 'variable', variable: 'N' };
  const work = 'test "$N" != 2\necho "$N" > "$OUT"\n';
  await script(server, 'square.sh', `set -e\n${work}`, { ...N, reach: variable }, OUT);
  await script(server, 'double.sh', 'cat "$SOURCE" "$SOURCE" > "$OUT"\n', IN, OUT);
  const nodes = {
    numbers: { type: 'executable', path: 'numbers.sh' },
    square: { type: 'executable', path: 'square.sh', map: MAP },
    double: { type: 'executable', path: 'double.sh' }
  };
  const edges = {
    first: edge('numbers', 'out', 'square', '@each'),
    second: edge('square', 'out', 'double', 'source')
  };
  const positions = { numbers: [0, 0], square: [400, 0], double: [800, 0] };
  await writeFile(
    server.file('maps.nbflow'),
    JSON.stringify({ version: 1, meta: {}, nodes, edges, positions })
  );
}

test('a map shows its state on its card, and its elements in Run Info', async ({
  lab,
  server
}, info) => {
  await makeWorkflow(server);
  const canvas = await lab.openWorkflow('maps.nbflow');
  await canvas.button('run-workflow').click();
  await lab.drawer.succeeds();
  await expect(canvas.stateOf('square')).toContainText('2 of 3 elements succeeded, 1 failed');
  await expect(canvas.stateOf('double')).toContainText('1 skipped');
  await expect(lab.drawer.root).toContainText('square.');
  await lab.page.screenshot({ path: info.outputPath('maps.png') });
  const document = JSON.parse(await readFile(server.file('maps.nbflow'), 'utf8'));
  expect(document.nodes.square.map).toEqual(MAP);
  expect(Object.keys(document.edges)).toHaveLength(2);
});
