import { JupyterFrontEnd } from '@jupyterlab/application';
import { nullTranslator } from '@jupyterlab/translation';
import { IYard } from '../../yard';
import { ICode, ISaveServices, saveCode } from '../saveDocuments';

const trans = nullTranslator.load('nbyard');

interface IOpen {
  dirty?: boolean;
  writable?: boolean;
  text?: string;
  save?: (model: { dirty: boolean }) => void;
}

/** A document that is open; `save` is what saving it does. */
function open(path: string, { dirty = true, writable = true, text = '', save }: IOpen = {}) {
  const model = { dirty, collaborative: false, readOnly: false, toString: () => text };
  const context = {
    path,
    model,
    contentsModel: { writable },
    save: jest.fn(async () => (save ? save(model) : void (model.dirty = false)))
  };
  return { context };
}

type Open = ReturnType<typeof open>;

const flow = (...nodes: object[]) =>
  JSON.stringify({ version: 1, nodes: Object.fromEntries(nodes.map((node, at) => [at, node])) });

/** JupyterLab with open documents, files and executables; the drives are RTC and S3. */
function lab(
  documents: readonly Open[],
  files: Record<string, string> = {},
  executables: Record<string, string> = {},
  below?: readonly Open[]
) {
  const [first, ...rest] = documents;
  const areas: Record<string, readonly unknown[]> = { main: [{}, ...rest, first], right: [first] };
  if (below) {
    areas.down = below;
  }
  const contents = {
    driveName: (path: string) => /^(RTC|S3):/.exec(path)?.[1] ?? '',
    localPath: (path: string) => path.replace(/^(RTC|S3):/, ''),
    get: jest.fn(async (path: string) => {
      if (path in files) {
        return { content: files[path] };
      }
      throw new Error('404');
    })
  };
  const app = {
    shell: {
      widgets: (area: string) => {
        if (area === 'down' && !areas.down) {
          throw new Error('Invalid area: down'); // as in JupyterLab 4.4
        }
        return areas[area] ?? [];
      }
    },
    serviceManager: { contents }
  } as unknown as JupyterFrontEnd;
  const call = jest.fn(async (_: string, { path }: { path: { executable: string } }) => {
    if (path.executable in executables) {
      return { path: executables[path.executable] };
    }
    throw new Error('404');
  });
  const yard = { executables: { find: () => undefined }, client: { call } } as unknown as IYard;
  const services: ISaveServices = { app, yard, trans };
  return { services, asked: () => contents.get.mock.calls.length + call.mock.calls.length };
}

const savedOf = (documents: readonly Open[]) =>
  documents.filter(({ context }) => context.save.mock.calls.length).map(one => one.context.path);

describe('K1: the documents that a run reads', () => {
  const opened = () => [
    open('work/a.ipynb'),
    open('RTC:work/lib/util.py'),
    open('work/same.py', { dirty: false }),
    open('work/notes.md'),
    open('work/draft.nbflow'),
    open('work/shared.ipynb', { writable: false }),
    open('S3:work/a.py'),
    open('tools/steps.py'),
    open('tools/convert'),
    open('tools/sub/more.R'),
    open('top.py'),
    open('workshop/b.ipynb')
  ];

  it.each<[string, ICode, string[]]>([
    [
      'a workflow: code beside it and its nodes, and the files of nodes',
      { path: 'work/flow.nbflow' },
      [
        'work/a.ipynb',
        'RTC:work/lib/util.py',
        'tools/steps.py',
        'tools/convert',
        'tools/sub/more.R'
      ]
    ],
    [
      'a workflow in the root: code directly in the root, and in the folders of its nodes',
      { path: 'flow.nbflow' },
      ['tools/steps.py', 'tools/sub/more.R', 'top.py']
    ],
    [
      'a workflow that several users edit',
      { path: 'RTC:flow.nbflow' },
      ['tools/steps.py', 'tools/sub/more.R', 'top.py']
    ],
    ['a notebook', { path: 'workshop/b.ipynb' }, ['workshop/b.ipynb']],
    [
      'a read-only notebook',
      { path: 'work/shared.ipynb' },
      ['work/a.ipynb', 'RTC:work/lib/util.py', 'work/shared.ipynb']
    ],
    ['a function', { path: 'tools/steps.py::clean' }, ['tools/steps.py', 'tools/sub/more.R']],
    ['a file of another drive', { path: 'S3:work/b.py' }, ['S3:work/a.py']],
    ['an executable', { executable: 'e' }, ['tools/steps.py', 'tools/sub/more.R']],
    ['a deleted executable', { executable: 'gone' }, []],
    ['a file outside of the server', { path: undefined }, []],
    [
      'a workflow that is gone',
      { path: 'tools/gone.nbflow' },
      ['tools/steps.py', 'tools/sub/more.R']
    ]
  ])('of %s', async (_, code, saved) => {
    const documents = opened();
    const files = {
      'work/flow.nbflow': flow({ path: '../tools/steps.py::clean' }, { path: '../tools/convert' }),
      'flow.nbflow': flow({ executable: 'e' }, { dataset: 'd' }, { executable: 'gone' }),
      'RTC:flow.nbflow': flow({ path: 'tools/steps.py' })
    };
    const { services } = lab(documents, files, { e: 'tools/steps.py' });
    expect(await saveCode(services, code)).toBe(saved.length);
    expect(savedOf(documents)).toEqual(saved);
    documents.forEach(({ context }) => expect(context.save.mock.calls.length).toBeLessThan(2));
  });

  it('include those of the area below, which JupyterLab 4.4 does not list', async () => {
    const below = [open('work/low.py')];
    const { services } = lab([open('work/a.ipynb')], {}, {}, below);
    expect(await saveCode(services, { path: 'work/a.ipynb' })).toBe(2);
    expect(savedOf(below)).toEqual(['work/low.py']);
  });

  it('are not found if the shell does not list another area', async () => {
    const { services } = lab([]);
    services.app.shell.widgets = () => {
      throw new Error('broken');
    };
    await expect(saveCode(services, { path: 'a.py' })).rejects.toThrow('broken');
  });

  it('include the nodes that an open workflow has only on the canvas', async () => {
    const text = flow({ path: '../tools/steps.py' });
    const documents = [open('RTC:work/flow.nbflow', { text }), open('tools/steps.py')];
    const { services, asked } = lab(documents);
    expect(await saveCode(services, { path: 'work/flow.nbflow' })).toBe(2);
    expect(asked()).toBe(0);
  });

  it('are not looked for if no changed document can be one', async () => {
    const documents = [open('work/draft.nbflow'), open('S3:work/a.py')];
    const { services, asked } = lab(documents);
    expect(await saveCode(services, { path: 'work/flow.nbflow' })).toBe(0);
    expect(asked()).toBe(0);
  });

  it.each<[string, Error | undefined]>([
    ['refuses', new Error('disk full')],
    ['is cancelled', Object.assign(new Error('Cancel'), { name: 'ModalCancelError' })],
    ['leaves it changed', undefined]
  ])('are named if the save %s; JupyterLab shows the reason', async (_, error) => {
    const save = () => {
      if (error) {
        throw error;
      }
    };
    const { services } = lab([open('work/a.ipynb', { save })]);
    const saving = saveCode(services, { path: 'work/flow.nbflow' });
    await expect(saving).rejects.toThrow('a.ipynb is not saved.');
  });
});
