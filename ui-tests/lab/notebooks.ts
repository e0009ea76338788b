/** Notebooks, scripts and workflows that journeys write for themselves. */
import { writeFile } from 'node:fs/promises';
import { LabServer } from './server';

export interface ICode {
  source: string;
  tags?: string[];
}

export function notebook(...cells: (string | ICode)[]): string {
  return JSON.stringify({
    cells: cells.map(cell => {
      const { source, tags = [] } = typeof cell === 'string' ? { source: cell } : cell;
      return {
        cell_type: 'code',
        execution_count: null,
        metadata: { tags },
        outputs: [],
        source
      };
    }),
    metadata: { kernelspec: { name: 'python3', display_name: 'Python 3' } },
    nbformat: 4,
    nbformat_minor: 4
  });
}

/** The cell that gives the arguments. */
export function parameters(...lines: string[]): ICode {
  return { source: lines.join('\n'), tags: ['parameters'] };
}

interface INode {
  path: string;
  at: [number, number];
  [field: string]: unknown;
}

/** A workflow of files; arrows as "from.output->to.input". */
export function workflow(nodes: Record<string, INode>, ...arrows: string[]): string {
  return titled('Made for this journey', nodes, ...arrows);
}

function titled(title: string, nodes: Record<string, INode>, ...arrows: string[]): string {
  const fields = Object.entries(nodes).map(([id, { at: _, ...rest }]) => [
    id,
    { type: 'executable', ...rest }
  ]);
  const edges = arrows.map(arrow => {
    const [source, output, target, input] = arrow.split(/\.|->/);
    return [arrow, { source, output, target, input }];
  });
  return JSON.stringify({
    version: 1,
    meta: { id: crypto.randomUUID(), title },
    nodes: Object.fromEntries(fields),
    edges: Object.fromEntries(edges),
    positions: Object.fromEntries(Object.entries(nodes).map(([id, { at }]) => [id, at]))
  });
}

/** The arguments of a script that copies a file: two variables with paths. */
export const IN = {
  name: 'source',
  role: 'input',
  reach: { kind: 'variable', variable: 'SOURCE' }
};
export const OUT = {
  name: 'out',
  role: 'output',
  format: 'txt',
  reach: { kind: 'variable', variable: 'OUT' }
};

/** Write a script with a description of its arguments. */
export async function script(
  server: LabServer,
  name: string,
  body: string,
  ...args: object[]
): Promise<void> {
  await writeFile(server.file(name), body);
  await writeFile(server.file(`${name}.nbexec`), JSON.stringify({ version: 1, arguments: args }));
}

/** Make the example a workflow of one small script, for journeys that only need some run. */
export async function simplifyExample(server: LabServer): Promise<void> {
  await writeFile(server.file('count.py'), 'print(344)\n');
  const flow = titled('Penguins', { count: { path: 'count.py', at: [0, 0] } });
  await writeFile(server.file('penguins.nbflow'), flow);
}
