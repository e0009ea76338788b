import { parseFlow } from '../../../document/flow';
import { addGroup } from '../../model/diagram/groupEdits';
import { bench, IBench, steps } from '../../model/__tests__/fakes';
import { saveAsWorkflow } from '../saveAsWorkflow';

jest.useFakeTimers();

let one: IBench;
let saved: [path: string, content: string][];
beforeEach(async () => {
  one = await bench();
  const { contents, doc } = one.canvas;
  doc.connect({ source: 'sales', output: 'data', target: 'clean', input: 'raw' });
  doc.connect({ source: 'clean', output: 'tidy', target: 'train', input: 'data' });
  await one.settle();
  saved = [];
  jest.spyOn(contents, 'save').mockImplementation(async (path, model) => {
    saved.push([path, String(model?.content)]);
    return {} as never;
  });
});
afterEach(() => one.canvas.dispose());

const blocks = () => one.canvas.doc.toJSON();

describe('K9: a part of a workflow as a sub-workflow', () => {
  it('is saved beside the workflow, and one card stands for it, in one undo step', async () => {
    const { canvas } = one;
    const before = [blocks(), steps(canvas)] as const;
    canvas.store.select(['clean', 'train']);
    await saveAsWorkflow(canvas, 'My features');
    const [[path, text]] = saved;
    expect(path).toBe('work/My_features.nbflow');
    const inner = parseFlow(text)!;
    expect(Object.keys(inner.nodes)).toEqual(['clean', 'train']);
    expect(Object.keys(inner.edges)).toEqual(['clean.tidy->train.data']);
    expect(inner.meta).toMatchObject({ title: 'My features', id: expect.any(String) });
    expect(Object.keys(blocks().nodes).sort()).toEqual(['My_features', 'sales']);
    expect(blocks().nodes.My_features.path).toBe('My_features.nbflow');
    expect(Object.keys(blocks().edges)).toEqual(['sales.data->My_features.clean.raw']);
    expect(canvas.store.selected).toEqual(['My_features']);
    expect(steps(canvas)).toBe(before[1] + 1);
    canvas.doc.undo();
    expect(blocks()).toEqual(before[0]);
  });

  it('takes the place of a group, in the group around it', async () => {
    const { canvas } = one;
    addGroup(canvas.doc, '@1', { title: 'Inner', nodes: ['clean', 'train'] });
    addGroup(canvas.doc, '@2', { title: 'Outer', nodes: ['@1', 'sales'] });
    canvas.store.select(['@1']);
    await saveAsWorkflow(canvas, 'part');
    expect(parseFlow(saved[0][1])!.groups).toEqual({});
    const { groups } = blocks();
    expect(Object.keys(groups)).toEqual(['@2']);
    expect(groups['@2'].nodes).toEqual(expect.arrayContaining(['part', 'sales']));
  });

  it('replaces no file, and leaves out no node between', async () => {
    const { canvas } = one;
    const before = blocks();
    canvas.store.select(['clean']);
    jest
      .spyOn(canvas.contents, 'get')
      .mockResolvedValue({ content: [{ name: 'part.nbflow' }] } as never);
    await saveAsWorkflow(canvas, 'part');
    canvas.doc.connect({ source: 'train', output: 'model', target: 'clean', input: 'other' });
    canvas.store.select(['sales', 'train']);
    await saveAsWorkflow(canvas, 'other');
    expect(saved).toEqual([]);
    expect(blocks().nodes).toEqual(before.nodes);
  });
});
