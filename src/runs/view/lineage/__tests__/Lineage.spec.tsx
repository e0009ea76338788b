import { CommandRegistry } from '@lumino/commands';
import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render, screen, waitFor } from '@testing-library/react';
import type { Lineage as Graph, LineageNode } from '../../../../api/types';
import type { IYard } from '../../../../api/yard';
import Lineage from '../Lineage';
import { ILineageStart, showMenu } from '../opening';
import { factsOf, usedIn } from '../texts';

const run = { id: 'r', number: 12, name: '', title: 'Penguins', git: null };
const nodes = [
  { id: 'dataset:d', kind: 'dataset', name: 'penguins', column: 0, subject: 'set', version: 3 },
  { id: 'code:c', kind: 'code', name: 'train', column: 0, subject: 'e', file: 'train.ipynb' },
  { id: 'file:f', kind: 'file', name: 'a.csv', column: 0, file: 'data/a.csv' },
  { id: 'hidden:1', kind: 'environment', column: 0, is_visible: false },
  { id: 'task:t', kind: 'task', name: 'train', column: 1, run, workflow_node: 'n', cached: true },
  { id: 'artifact:a', kind: 'artifact', name: 'model', column: 2, run, is_start: true },
  {
    id: 'task:s',
    kind: 'task',
    name: 'try',
    column: 3,
    run: { ...run, number: -3 },
    state: 'failed'
  },
  { id: 'model:m', kind: 'model', name: 'train model', column: 3, subject: 'm', version: 1 },
  { id: 'deployment:p', kind: 'deployment', name: 'old', column: 4, is_deleted: true }
] as unknown as LineageNode[];
const edges = [
  ['dataset:d', 'task:t', 'data'],
  ['code:c', 'task:t'],
  ['file:f', 'task:t', 'more'],
  ['hidden:1', 'task:t'],
  ['task:t', 'artifact:a', 'model'],
  ['artifact:a', 'model:m'],
  ['model:m', 'deployment:p']
].map(([source, target, name = '']) => ({ source, target, name }));

function shown(graph: Graph | Error = { nodes, edges }) {
  Element.prototype.scrollIntoView = jest.fn();
  const asked: unknown[] = [];
  const call = async (_: string, { query }: { query: ILineageStart }) => {
    asked.push(query);
    if (graph instanceof Error) {
      throw graph;
    }
    return graph;
  };
  const commands = new CommandRegistry();
  const execute = jest.spyOn(commands, 'execute').mockResolvedValue(undefined);
  const services = {
    yard: { client: { call } } as unknown as IYard,
    trans: nullTranslator.load('nbyard'),
    commands
  };
  const start = { kind: 'artifact', key: 'a' };
  render(<Lineage services={services} start={start} />);
  return { asked, execute };
}

const button = (name: RegExp) => screen.findByRole('button', { name });

describe('the lineage', () => {
  it('opens the page of a node', async () => {
    const { execute } = shown();
    fireEvent.click(await button(/^penguins, Dataset · version 3, used for train$/));
    expect(execute).toHaveBeenLastCalledWith('nbyard:open-dataset', { id: 'set' });
    fireEvent.click(await button(/^train, Code/));
    expect(execute).toHaveBeenLastCalledWith('nbyard:open-executable', { id: 'e' });
    fireEvent.click(await button(/^a.csv/));
    expect(execute).toHaveBeenLastCalledWith('docmanager:open', { path: 'data/a.csv' });
    expect((await button(/^try, Task · scratch run · failed$/)).className).toContain(
      'nby-mod-failed'
    );
    fireEvent.click(await button(/^train, Task · run 12 · cached/));
    expect(execute).toHaveBeenLastCalledWith('nbyard:show-run', { id: 'r', node: 'n' });
    expect(execute).toHaveBeenCalledTimes(4);
    fireEvent.click(await button(/^old, Deployment · deleted/));
    expect(execute).toHaveBeenCalledTimes(4);
    expect(await button(/^not visible/)).toHaveProperty('disabled', true);
  });

  it('shows the whole path of a node that is clicked, and opens it on a double click', async () => {
    const { execute } = shown();
    const near = () =>
      [...document.querySelectorAll<HTMLElement>('button.nby-mod-near')].map(
        ({ dataset }) => dataset.id
      );
    const data = await button(/^penguins/);
    fireEvent.click(data, { detail: 1 });
    expect(execute).not.toHaveBeenCalled();
    expect(near()).toEqual([...['dataset:d', 'task:t', 'artifact:a', 'model:m', 'deployment:p']]);
    fireEvent.click(await button(/^train model/), { detail: 1 });
    expect(near()).toEqual([
      ...['dataset:d', 'code:c', 'file:f', 'hidden:1', 'task:t', 'artifact:a', 'model:m'],
      'deployment:p'
    ]);
    fireEvent.doubleClick(data);
    expect(execute).toHaveBeenLastCalledWith('nbyard:open-dataset', { id: 'set' });
  });

  it('shows parameters and packages, and the facts of the chosen node', async () => {
    const [data, ...others] = nodes.map(node =>
      node.kind === 'task'
        ? { ...node, parameters: { seed: 7, label: 'a' }, packages: {} }
        : node.is_visible === false
          ? {
              ...node,
              is_visible: true,
              name: 'science',
              packages: { numpy: '2.1', polars: '2.0' }
            }
          : node
    );
    shown({ nodes: [data, ...others], edges });
    fireEvent.focus(await button(/^train, Task · run 12 · cached, seed = 7, label = a, from/));
    const facts = () => screen.getByRole('region', { name: 'Details' }).textContent!.split('\n');
    expect(facts()).toEqual([
      'train',
      'Task · run 12 · cached',
      'Penguins',
      'seed = 7',
      'label = a'
    ]);
    fireEvent.focus(await button(/^science, Environment, 2 packages, used for/));
    expect(facts()).toEqual(['science', 'Environment', '2 packages', 'numpy 2.1', 'polars 2.0']);
  });

  it('has a menu for each node', async () => {
    const { asked, execute } = shown();
    const items = () =>
      [...document.querySelectorAll<HTMLElement>('.lm-Menu-item[data-type="command"]')].map(
        item => item.textContent
      );
    const choose = (label: string) => {
      const menu = document.querySelector('.lm-Menu')!;
      for (let place = 0; place <= items().indexOf(label); place++) {
        fireEvent.keyDown(menu, { keyCode: 40 });
      }
      fireEvent.keyDown(menu, { keyCode: 13 });
    };
    fireEvent.contextMenu(await button(/^train, Task/));
    expect(items()).toEqual(['Open', 'Show Lineage']);
    choose('Open');
    expect(execute).toHaveBeenLastCalledWith('nbyard:show-run', { id: 'r', node: 'n' });
    fireEvent.contextMenu(await button(/^a.csv/));
    expect(items()).toEqual(['Open', 'Copy Path']);
    fireEvent.keyDown(document.querySelector('.lm-Menu')!, { keyCode: 27 });
    fireEvent.contextMenu(await button(/^penguins/));
    expect(items()).toEqual(['Open', 'Show Lineage', 'Copy ID']);
    choose('Show Lineage');
    await waitFor(() => expect(asked.at(-1)).toMatchObject({ kind: 'dataset', key: 'set' }));
  });

  it('has no menu for a node without commands, and no separator at an end', async () => {
    const separators = () => document.querySelectorAll('.lm-Menu-item[data-type="separator"]');
    shown();
    fireEvent.contextMenu(await button(/^old, Deployment/));
    expect(document.querySelector('.lm-Menu')).toBeNull();
    fireEvent.contextMenu(await button(/^train, Task/));
    expect(separators()).toHaveLength(0);
    fireEvent.keyDown(document.querySelector('.lm-Menu')!, { keyCode: 27 });
    fireEvent.contextMenu(await button(/^a.csv/));
    expect(separators()).toHaveLength(1);
    fireEvent.keyDown(document.querySelector('.lm-Menu')!, { keyCode: 27 });
  });

  it('copies only full paths and digests of bytes, and opens the page of a named artifact', () => {
    const itemsOf = (node: object) => {
      const commands = new CommandRegistry();
      const execute = jest.spyOn(commands, 'execute').mockResolvedValue(undefined);
      const services = { trans: nullTranslator.load('nbyard'), commands };
      const all = { subject: 's', file: 'a.csv', digest: 'sha256:a', ...node };
      const event = { preventDefault: jest.fn(), stopPropagation: jest.fn() };
      showMenu(services, all as LineageNode, jest.fn(), event as never);
      const menu = document.querySelector('.lm-Menu')!;
      const labels = [...menu.querySelectorAll('.lm-Menu-itemLabel')].map(one => one.textContent);
      fireEvent.keyDown(menu, { keyCode: 40 });
      fireEvent.keyDown(menu, { keyCode: 13 });
      return [labels.filter(Boolean).join(), execute.mock.lastCall?.[0]];
    };
    const named = { kind: 'artifact', name: 'iris.out', run: { ...run, name: 'iris' } };
    expect([
      itemsOf(named),
      itemsOf({ ...named, name: 'out' }),
      itemsOf({ kind: 'code' }),
      itemsOf({ kind: 'environment' })
    ]).toEqual([
      ['Open,Open Run,Show Lineage,Copy ID,Copy SHA-256', 'nbyard:open-artifact'],
      ['Open,Show Lineage,Copy ID,Copy SHA-256', 'nbyard:show-run'],
      ['Open,Copy ID,Copy Path,Copy SHA-256', 'nbyard:open-executable'],
      ['Open,Copy ID', 'nbyard:open-environment']
    ]);
  });

  it('shows values on one line, and short ones in the graph', () => {
    const trans = nullTranslator.load('nbyard');
    const parameters = { text: 'a\nb', none: null, long: 'x'.repeat(60) };
    const node = { kind: 'task', name: 'n', parameters } as unknown as LineageNode;
    const short = ['text = "a\\nb"', 'none = null'];
    expect(usedIn(node, trans)).toBe([...short, `long = ${'x'.repeat(39)}…`].join(', '));
    expect(factsOf(node, trans).split('\n').slice(2)).toEqual([
      ...short,
      `long = ${'x'.repeat(60)}`
    ]);
  });

  it('continues from a node without a page, and goes back', async () => {
    const { asked } = shown();
    fireEvent.click(await button(/^train model/));
    await waitFor(() => expect(asked.at(-1)).toEqual({ kind: 'model', key: 'm' }));
    fireEvent.click(await button(/^Back$/));
    await waitFor(() => expect(asked.at(-1)).toEqual({ kind: 'artifact', key: 'a' }));
    expect(screen.queryByRole('button', { name: 'Back' })).toBeNull();
  });

  it('says what it leaves out, and continues there', async () => {
    const [first, ...others] = nodes;
    const { asked, execute } = shown({ nodes: [{ ...first, more_after: 7 }, ...others], edges });
    await screen.findByText(/^7 more are not shown/);
    fireEvent.click(await button(/^penguins/));
    const version = { kind: 'dataset', key: 'set', version: 3 };
    await waitFor(() => expect(asked.at(-1)).toEqual(version));
    expect(execute).not.toHaveBeenCalled();
  });

  it('is one tab stop, and arrow keys follow the connections', async () => {
    shown();
    const model = await button(/^model, Result/);
    const stops = () => screen.getAllByRole('button').filter(one => one.tabIndex === 0);
    expect(stops()).toEqual([model]);
    model.focus();
    const press = (key: string) => fireEvent.keyDown(document.activeElement!, { key });
    press('ArrowLeft');
    expect(document.activeElement).toBe(await button(/^train, Task/));
    press('ArrowLeft');
    const { dataset } = document.activeElement as HTMLElement;
    expect(dataset.id).toBe('dataset:d');
    press('ArrowDown');
    press('ArrowUp');
    expect(document.activeElement).toBe(await button(/^penguins/));
    expect(stops()).toEqual([document.activeElement]);
    press('ArrowRight');
    press('ArrowRight');
    expect(document.activeElement).toBe(model);
  });

  it('says why there is none', async () => {
    shown(new Error('There is no artifact'));
    await screen.findByText('Not shown: There is no artifact');
  });
});
