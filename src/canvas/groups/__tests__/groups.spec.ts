import { parseFlow } from '../../../document/flow';
import { clipboardText, pasteText, removeSelection } from '../../model/editing';
import { groupPorts } from '../../model/diagram/groupPorts';
import { focusNode } from '../../model/focus';
import { connectByList, fitting } from '../../model/connecting';
import { run } from '../../commands/running';
import { bench, IBench, steps } from '../../model/__tests__/fakes';
import { insertOrConnect } from '../../stage/insertOrConnect';
import { tidy } from '../../stage/tidy';
import {
  addToGroup,
  colorGroups,
  dropIntoFrame,
  groupCards,
  removeFromGroup,
  renameGroup,
  toggleFold,
  ungroup,
  writeTitle
} from '../grouping';
import { groupView } from '../groupView';

jest.useFakeTimers();

let one: IBench;
beforeEach(async () => {
  one = await bench();
  const { doc } = one.canvas;
  doc.connect({ source: 'sales', output: 'data', target: 'clean', input: 'raw' });
  doc.connect({ source: 'clean', output: 'tidy', target: 'train', input: 'data' });
  await one.settle();
});
afterEach(() => one.canvas.dispose());

const groups = () => one.canvas.doc.toJSON().groups;
const shown = () => one.canvas.store.nodes.map(({ id, type }) => `${type} ${id}`);

/** Group cards under a name, as a user does. */
function group(ids: string[], title = 'Features'): string {
  const { canvas } = one;
  canvas.store.select(ids);
  groupCards(canvas);
  const { id } = canvas.ui.editing!;
  writeTitle(canvas, id, title);
  return id;
}

function folded(ids: string[]): string {
  const id = group(ids);
  toggleFold(one.canvas);
  return id;
}

describe('K9: a group of cards', () => {
  it('is made and named in one undo step, and is a frame behind its cards', () => {
    const { canvas } = one;
    const before = steps(canvas);
    expect(group(['clean', 'train'])).toBe('@1');
    expect(steps(canvas)).toBe(before + 1);
    expect(parseFlow(canvas.doc.getSource())!.groups).toEqual({
      '@1': { title: 'Features', nodes: ['clean', 'train'] }
    });
    const frame = canvas.store.node('@1')!;
    expect(frame).toMatchObject({ type: 'frame', position: { x: 280, y: -54 } });
    expect(frame.zIndex).toBeLessThan(-1001);
    canvas.doc.undo();
    expect(canvas.doc.getSource()).not.toContain('groups');
    expect(shown()).toEqual(['card clean', 'card sales', 'card train']);
  });

  it('is one card while it is folded, and the same cards again after that', () => {
    const { canvas } = one;
    group(['clean', 'train']);
    const before = JSON.stringify([canvas.store.nodes, canvas.store.edges]);
    const text = canvas.doc.getSource();
    toggleFold(canvas);
    expect(shown()).toEqual(['card sales', 'folded @1']);
    expect(canvas.store.place('@1')).toEqual([300, 0]);
    expect(canvas.store.selected).toEqual(['@1']);
    toggleFold(canvas);
    expect(canvas.doc.getSource()).toBe(text);
    const byId = (nodes: { id: string }[]) => nodes.map(({ id }) => id).sort();
    const [nodes, edges] = JSON.parse(before) as { id: string }[][];
    expect(byId(canvas.store.nodes)).toEqual(byId(nodes));
    expect(byId(canvas.store.edges)).toEqual(byId(edges));
    expect(canvas.store.place('train')).toEqual([600, 40]);
  });

  it('has the ports that are of use outside, and connections end there', () => {
    const { canvas } = one;
    folded(['clean', 'train']);
    const [inputs, outputs] = groupPorts(canvas.store.tree, canvas.views, '@1');
    expect(inputs.map(({ handle }) => handle)).toEqual(['clean.raw']);
    expect(outputs.map(({ handle }) => handle)).toEqual(['train.model']);
    expect(canvas.store.edges).toMatchObject([
      { id: 'sales.data->clean.raw', target: '@1', targetHandle: 'clean.raw' }
    ]);
    canvas.doc.connect({ source: 'sales', output: 'data', target: 'clean', input: '@each' });
    expect(groupView(canvas, '@1').inputs.map(({ name }) => name)).toContain('each');
    canvas.doc.remove([], ['sales.data->clean.raw']);
    const [missing] = groupPorts(canvas.store.tree, canvas.views, '@1')[0];
    expect(missing).toMatchObject({ handle: 'clean.raw', state: 'missing' });
  });

  it('is connected at a port of a node in it', async () => {
    const { canvas } = one;
    canvas.doc.remove([], ['sales.data->clean.raw']);
    folded(['clean', 'train']);
    const fit = fitting(canvas, { node: 'sales', port: 'data' }, '@1');
    expect(fit.edges.map(({ target, input }) => `${target}.${input}`)).toContain('clean.raw');
    const asked = connectByList(canvas, ...canvas.targets);
    expect(canvas.ui.picker!.items.map(({ label }) => label)).toContain('raw ← sales.csv.data');
    canvas.ui.picker!.done(undefined);
    await asked;
  });

  it('runs its nodes, and shows their state together', async () => {
    const { canvas, runs, backend } = one;
    folded(['sales', 'clean', 'train']);
    expect(groupView(canvas, '@1')).toMatchObject({ count: '3 nodes', progress: '' });
    await run(canvas, 'selected');
    expect(backend.runs[0].selection.nodes).toEqual(['clean', 'sales', 'train']);
    const state = (clean: string, train?: string) => {
      runs.states.set('clean', { state: clean as never });
      runs.states.set('train', { state: (train ?? 'waiting') as never });
      const view = groupView(canvas, '@1');
      return [view.state, view.progress];
    };
    expect(state('running')).toEqual(['running', '1 running, 0 of 2 done']);
    expect(state('succeeded')).toEqual(['waiting', '1 of 2 done']);
    expect(state('failed', 'running')).toEqual(['failed', '1 failed, 0 of 2 done']);
    expect(state('succeeded', 'succeeded')).toEqual(['succeeded', '2 of 2 done']);
  });

  it('moves with all that is in it', () => {
    const { canvas } = one;
    group(['clean', 'train']);
    const drag = (id: string, dx: number) => {
      const [x, y] = canvas.store.place(id);
      const position = { x: x + dx, y };
      const steady = { id, type: 'position' as const, position };
      canvas.store.onNodesChange([{ ...steady, dragging: true }]);
      canvas.store.onNodesChange([{ ...steady, dragging: false }]);
    };
    const before = steps(canvas);
    drag('@1', 30);
    expect(canvas.doc.positions.toJSON()).toMatchObject({ clean: [330, 0], train: [630, 40] });
    expect(canvas.store.place('@1')).toEqual([310, -54]);
    expect(steps(canvas)).toBe(before + 1);
    drag('train', 100);
    expect(canvas.store.node('@1')!.width).toBe(40 + 400 + 232);
    toggleFold(canvas);
    drag('@1', -30);
    expect(canvas.doc.positions.toJSON()).toMatchObject({ clean: [300, 0], train: [700, 40] });
    expect(canvas.doc.positions.has('@1')).toBe(false);
    canvas.store.move([['@1', [0, 7]]]);
    expect(canvas.doc.positions.get('train')).toEqual([400, 47]);
  });

  it('keeps the place that the file gives its card', () => {
    const { canvas } = one;
    folded(['clean', 'train']);
    canvas.doc.positions.set('@1', [5, 6]);
    expect(canvas.store.place('@1')).toEqual([5, 6]);
    canvas.store.move([['@1', [15, 6]]]);
    expect(canvas.doc.positions.get('@1')).toEqual([15, 6]);
    expect(canvas.doc.positions.get('clean')).toEqual([310, 0]);
  });

  it('is nested, and the outermost folded one is shown', () => {
    const { canvas } = one;
    group(['clean', 'train'], 'inner');
    group(['@1', 'sales'], 'outer');
    expect(groups()['@2'].nodes).toEqual(['sales', '@1']);
    const [inner, outer] = ['@1', '@2'].map(id => canvas.store.node(id)!);
    expect(inner.zIndex).toBeGreaterThan(outer.zIndex!);
    expect(outer.position.y).toBeLessThan(inner.position.y);
    canvas.store.select(['@1']);
    toggleFold(canvas);
    expect(shown().sort()).toEqual(['card sales', 'folded @1', 'frame @2']);
    canvas.store.select(['@2']);
    toggleFold(canvas);
    expect(shown()).toEqual(['folded @2']);
    expect(canvas.store.edges).toEqual([]);
    expect([...canvas.targets].sort()).toEqual(['clean', 'sales', 'train']);
  });

  it('stays inside a group whose cards are grouped again', () => {
    group(['clean', 'train'], 'outer');
    group(['clean', 'train'], 'inner');
    expect(groups()).toMatchObject({
      '@1': { nodes: ['@2'] },
      '@2': { nodes: ['clean', 'train'] }
    });
    ungroup(one.canvas);
    expect(groups()).toEqual({ '@1': { title: 'outer', nodes: ['clean', 'train'] } });
  });

  it('is deleted with its cards while it is folded, and without them while it is open', () => {
    const { canvas } = one;
    group(['clean', 'train']);
    removeSelection(canvas);
    expect([...canvas.doc.nodes.keys()].sort()).toEqual(['clean', 'sales', 'train']);
    expect(groups()).toEqual({});
    folded(['clean', 'train']);
    const before = steps(canvas);
    removeSelection(canvas);
    expect(shown()).toEqual(['card sales']);
    expect(groups()).toEqual({});
    expect(steps(canvas)).toBe(before + 1);
    canvas.doc.undo();
    expect(shown().sort()).toEqual(['card sales', 'folded @1']);
  });

  it('goes with its last card', () => {
    const { canvas } = one;
    group(['clean', 'train']);
    canvas.store.select(['clean', 'train']);
    removeSelection(canvas);
    expect(groups()).toEqual({});
  });

  it('is copied with all that is in it', () => {
    const { canvas } = one;
    folded(['clean', 'train']);
    const added = pasteText(canvas, clipboardText(canvas));
    expect(added).toHaveLength(3);
    expect(groups()['@2']).toEqual({
      title: 'Features',
      folded: true,
      nodes: added.filter(id => id !== '@2')
    });
    expect(canvas.store.selected).toEqual(['@2']);
    expect(canvas.store.place('@2')).toEqual([340, 40]);
    expect(canvas.doc.allEdges()).toHaveLength(3);
  });

  it('gets another colour and another name, each as one undo step', async () => {
    const { canvas } = one;
    group(['clean', 'train']);
    const before = steps(canvas);
    const asked = colorGroups(canvas);
    canvas.ui.picker!.done({ id: 'blue', label: '' });
    await asked;
    renameGroup(canvas);
    writeTitle(canvas, '@1', ' Model ');
    expect(groups()['@1']).toMatchObject({ color: 'blue', title: 'Model' });
    expect(steps(canvas)).toBe(before + 2);
  });

  it('takes cards in and lets them out', async () => {
    const { canvas } = one;
    group(['clean', 'train']);
    canvas.store.select(['sales']);
    const asked = addToGroup(canvas);
    canvas.ui.picker!.done({ id: '@1', label: '' });
    await asked;
    expect(groups()['@1'].nodes).toEqual(['clean', 'train', 'sales']);
    removeFromGroup(canvas);
    expect(groups()['@1'].nodes).toEqual(['clean', 'train']);
    canvas.flow = { screenToFlowPosition: (at: object) => at } as never;
    dropIntoFrame(canvas, 'sales', { x: 0, y: 500 });
    expect(groups()['@1'].nodes).toEqual(['clean', 'train']);
    dropIntoFrame(canvas, 'sales', { x: 400, y: 20 });
    expect(groups()['@1'].nodes).toEqual(['clean', 'train', 'sales']);
  });

  it('takes in what is dropped on its frame, and connects what is dropped on its folded card', async () => {
    const { canvas, settle } = one;
    group(['clean', 'train']);
    canvas.flow = { screenToFlowPosition: (at: object) => at } as never;
    const before = steps(canvas);
    const drop = async (card: string | undefined, id: string, path: string, type: string) => {
      const add = async () => {
        canvas.doc.addNode(id, { type, path }, [400, 200]);
        canvas.store.select([id]);
        return [id];
      };
      const dropped = insertOrConnect(canvas, card, add, undefined, { x: 400, y: 20 });
      await settle();
      await dropped;
    };
    await drop(undefined, 'alone', 'alone.ipynb', 'executable');
    expect(groups()['@1'].nodes).toEqual(['clean', 'train', 'alone']);
    expect(steps(canvas)).toBe(before + 1);
    canvas.doc.remove(['sales']);
    canvas.store.select(['@1']);
    toggleFold(canvas);
    await drop('@1', 'more', 'sales.csv', 'dataset');
    expect(canvas.doc.allEdges()).toContainEqual({
      source: 'more',
      output: 'data',
      target: 'clean',
      input: 'raw'
    });
    expect(canvas.store.place('more')[0]).toBeLessThan(canvas.store.place('@1')[0]);
  });

  it('sets a card apart that lies in its frame without being a member', () => {
    const { canvas } = one;
    const apart = () => canvas.store.nodes.filter(({ className }) => className).map(({ id }) => id);
    canvas.doc.move([['sales', [450, 20]]]);
    expect(apart()).toEqual([]);
    group(['clean', 'train']);
    expect(apart()).toEqual(['sales']);
    canvas.doc.move([['sales', [0, 0]]]);
    expect(apart()).toEqual([]);
    canvas.doc.move([['sales', [450, 20]]]);
    canvas.store.select(['@1']);
    ungroup(canvas);
    expect(apart()).toEqual([]);
  });

  it('leads to the folded card where a node in it is looked for', () => {
    const { canvas } = one;
    folded(['clean', 'train']);
    canvas.store.select([]);
    focusNode(canvas, 'train', true);
    expect(canvas.store.selected).toEqual(['@1']);
    expect(canvas.store.focused).toBe('@1');
  });

  it('is arranged as one card while it is folded, and together while it is open', () => {
    const { canvas } = one;
    folded(['clean', 'train']);
    tidy(canvas);
    expect(canvas.store.place('@1')[0]).toBeGreaterThan(232);
    const [clean, train] = ['clean', 'train'].map(id => canvas.store.place(id));
    expect([train[0] - clean[0], train[1] - clean[1]]).toEqual([300, 40]);
    toggleFold(canvas);
    canvas.doc.addNode('other', { type: 'executable', path: 'alone.ipynb' }, [400, 0]);
    tidy(canvas);
    const frame = canvas.store.node('@1')!;
    const other = canvas.store.node('other')!.position;
    const right = frame.position.x + frame.width!;
    const bottom = frame.position.y + frame.height!;
    const isOutside = other.x >= right || other.y >= bottom || other.x + 232 <= frame.position.x;
    expect(isOutside || other.y + 200 <= frame.position.y).toBe(true);
  });

  it('ignores missing members and circles, which the next edit removes', () => {
    const { canvas } = one;
    const flow = canvas.doc.toJSON();
    flow.groups = {
      '@1': { nodes: ['clean', 'gone', '@2'] },
      '@2': { nodes: ['@1', 'train', 'clean'] },
      '@3': { nodes: ['gone'] }
    };
    canvas.doc.setSource(JSON.stringify(flow));
    expect(canvas.store.tree.members('@1')).toEqual(['clean', '@2']);
    expect(canvas.store.tree.members('@2')).toEqual(['train']);
    expect(canvas.store.node('@3')).toBeUndefined();
    canvas.store.select(['@1']);
    toggleFold(canvas);
    expect(groups()['@1'].nodes).toEqual(['clean', '@2']);
  });
});
