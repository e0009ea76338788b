import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { IFlow, parseFlow, writeFlow } from '../flow';
import { guardSave } from '../conflict';
import { followDisk } from '../followDisk';
import { FlowModel } from '../flowModel';
import { merge3 } from '../merge';
import { resolveConflict } from '../resolveConflict';

const BASE: IFlow = {
  version: 1,
  meta: {},
  nodes: { a: { x: 1, y: 1 }, b: { x: 1 }, c: {} },
  edges: { 'a.o->c.i': { source: 'a', output: 'o', target: 'c', input: 'i' } },
  positions: { a: [0, 0], b: [0, 0] },
  comments: {},
  groups: {}
};

function changed(change: (flow: IFlow) => void): IFlow {
  const copy = JSON.parse(JSON.stringify(BASE)) as IFlow;
  change(copy);
  return copy;
}

describe('merge3', () => {
  it('K12: keeps both sides where they touched different fields', () => {
    const mine = changed(flow => {
      flow.nodes.a.x = 2;
      flow.nodes.b.x = 5;
    });
    const theirs = changed(flow => {
      flow.nodes.a.y = 3;
      flow.nodes.b.x = 6;
      flow.nodes.d = {};
      delete flow.nodes.c;
      flow.edges = {};
    });
    const { flow, clashes } = merge3(BASE, mine, theirs);
    expect(flow.nodes).toEqual({ a: { x: 2, y: 3 }, b: { x: 5 }, d: {} });
    expect(flow.edges).toEqual({});
    expect(clashes).toEqual(['nodes/b/x']);
  });

  it('lets an edit beat a deletion, and drops arrows without an end', () => {
    const mine = changed(flow => delete flow.nodes.a);
    const theirs = changed(flow => (flow.nodes.c.x = 1));
    const { flow } = merge3(BASE, mine, theirs);
    expect(Object.keys(flow.nodes)).toEqual(['b', 'c']);
    expect(flow.edges).toEqual({});
    const edited = changed(other => (other.nodes.a.x = 9));
    expect(merge3(BASE, mine, edited).flow.nodes.a).toEqual({ x: 9, y: 1 });
  });
});

/** A context on one file, as far as saving looks at it. */
function contextOn(disk: { text: string; hash: string }) {
  const model = new FlowModel();
  const context = {
    path: 'x.nbflow',
    model,
    ready: Promise.resolve(),
    isDisposed: false,
    disposed: new Signal<object, void>({}),
    contentsModel: { hash: disk.hash },
    saves: 0,
    save: async () => {
      context.saves++;
      disk.text = model.toString();
      disk.hash += '+';
      context.contentsModel = { hash: disk.hash };
      model.dirty = false;
    },
    revert: async () => {
      context.contentsModel = { hash: disk.hash };
      model.fromString(disk.text);
    }
  };
  model.fromString(disk.text);
  return context;
}

describe('K12, I19: a save over a file that changed on disk', () => {
  const start = () => {
    const disk = { text: writeFlow(BASE), hash: '1' };
    const context = contextOn(disk);
    context.model.sharedModel.setField('a', 'x', 2);
    disk.text = writeFlow(changed(flow => (flow.nodes.b.x = 7)));
    disk.hash = '2';
    return { disk, context };
  };

  it('mine: writes what is on the canvas', async () => {
    const { context } = start();
    expect(await resolveConflict(context as never, 'mine')).toBe(true);
    const nodes = parseFlow(context.model.toString())!.nodes;
    expect([nodes.a.x, nodes.b.x]).toEqual([2, 1]);
    expect(context.model.dirty).toBe(true);
  });

  it('theirs: shows the file, and mine comes back by undo', async () => {
    const { context } = start();
    expect(await resolveConflict(context as never, 'theirs')).toBe(false);
    expect(context.model.sharedModel.node('b')?.x).toBe(7);
    expect(context.model.dirty).toBe(false);
    context.model.sharedModel.undo();
    expect(context.model.sharedModel.node('a')?.x).toBe(2);
  });

  it('both: merges', async () => {
    const { context } = start();
    expect(await resolveConflict(context as never, 'both')).toBe(true);
    const nodes = parseFlow(context.model.toString())!.nodes;
    expect([nodes.a.x, nodes.b.x]).toEqual([2, 7]);
  });

  it('both, when theirs is no workflow: nothing is overwritten', async () => {
    const { disk, context } = start();
    disk.text = '<<<<<<<';
    expect(await resolveConflict(context as never, 'both')).toBe(false);
    expect(context.model.toString()).toBe('<<<<<<<');
  });

  it('cancel: the save is refused with the name JupyterLab knows', async () => {
    const { context } = start();
    await expect(resolveConflict(context as never, undefined)).rejects.toMatchObject({
      name: 'ModalCancelError'
    });
  });

  it('saves without a question when nothing changed elsewhere', async () => {
    const disk = { text: writeFlow(BASE), hash: '1' };
    const context = contextOn(disk);
    const contents = { get: async () => ({ hash: disk.hash }) };
    guardSave(context as never, contents as never, nullTranslator.load('nbyard'));
    context.model.sharedModel.setField('a', 'x', 3);
    await context.save();
    await context.save();
    expect(context.saves).toBe(2);
    expect(context.model.base).toBe(context.model.toString());
  });
});

describe('a workflow whose file is saved by another page', () => {
  const open = () => {
    const disk = { text: writeFlow(BASE), hash: '1' };
    const context = contextOn(disk);
    let asked = 0;
    const get = async () => ({ hash: ((asked += 1), disk.hash) });
    followDisk(context as never, { get } as never);
    const save = (value: number) => {
      disk.text = writeFlow(changed(flow => (flow.nodes.b.x = value)));
      disk.hash += '2';
    };
    const shown = () => context.model.sharedModel.node('b')?.x;
    return { context, save, shown, asked: () => asked };
  };

  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('is reloaded when its page gets the focus, and later by itself', async () => {
    const { save, shown } = open();
    save(7);
    window.dispatchEvent(new Event('focus'));
    await jest.advanceTimersByTimeAsync(100);
    expect(shown()).toBe(7);
    save(8);
    await jest.advanceTimersByTimeAsync(15_000);
    expect(shown()).toBe(8);
  });

  it('keeps unsaved changes', async () => {
    const { context, save, shown } = open();
    context.model.sharedModel.setField('a', 'x', 2);
    save(7);
    await jest.advanceTimersByTimeAsync(15_000);
    expect([context.model.dirty, shown()]).toEqual([true, 1]);
  });

  it('is no longer checked after it is closed', async () => {
    const { context, asked } = open();
    context.isDisposed = true;
    context.disposed.emit();
    window.dispatchEvent(new Event('focus'));
    await jest.advanceTimersByTimeAsync(60_000);
    expect(asked()).toBe(0);
  });
});
