import { JupyterFrontEnd } from '@jupyterlab/application';
import { nullTranslator } from '@jupyterlab/translation';
import { saveBeside } from '../saveDocuments';

const trans = nullTranslator.load('nbyard');

/** A document that is open; `save` is what saving it does. */
function open(path: string, dirty: boolean, save?: (model: { dirty: boolean }) => void) {
  const model = { dirty, collaborative: false };
  const context = {
    path,
    model,
    save: jest.fn(async () => (save ? save(model) : void (model.dirty = false)))
  };
  return { context };
}

type Open = ReturnType<typeof open>;

function lab(documents: readonly Open[]): JupyterFrontEnd {
  const [first, ...rest] = documents;
  const areas: Record<string, unknown[]> = { main: [{}, ...rest, first], right: [first] };
  return {
    shell: { widgets: (area: string) => areas[area] ?? [] },
    serviceManager: { contents: { localPath: (path: string) => path } }
  } as unknown as JupyterFrontEnd;
}

const savedOf = (documents: readonly Open[]) =>
  documents.filter(({ context }) => context.save.mock.calls.length).map(one => one.context.path);

describe('K1: the documents that a run may read', () => {
  it.each([
    { files: ['work/flow.nbflow'], saved: ['work/a.ipynb', 'work/lib/util.py'] },
    {
      files: ['work/flow.nbflow', 'shared/steps.py::clean', undefined],
      saved: ['work/a.ipynb', 'work/lib/util.py', 'shared/steps.py']
    },
    {
      files: ['flow.nbflow'],
      saved: ['work/a.ipynb', 'work/lib/util.py', 'shared/steps.py', 'workshop/b.ipynb']
    },
    { files: [undefined], saved: [] }
  ])('are saved for $files, each once', async ({ files, saved }) => {
    const documents = [
      open('work/a.ipynb', true),
      open('work/lib/util.py', true),
      open('work/same.csv', false),
      open('shared/steps.py', true),
      open('workshop/b.ipynb', true)
    ];
    expect(await saveBeside(lab(documents), files, trans)).toBe(saved.length);
    expect(savedOf(documents)).toEqual(saved);
    documents.forEach(({ context }) => expect(context.save.mock.calls.length).toBeLessThan(2));
  });

  it.each<[string, Error | undefined, string]>([
    ['refuses', new Error('disk full'), 'a.ipynb could not be saved: disk full'],
    ['is cancelled', Object.assign(new Error('Cancel'), { name: 'ModalCancelError' }), 'not saved'],
    ['leaves it changed', undefined, 'a.ipynb is not saved']
  ])('are named if the save %s', async (_, error, message) => {
    const fails = () => {
      if (error) {
        throw error;
      }
    };
    const app = lab([open('work/a.ipynb', true, fails)]);
    await expect(saveBeside(app, ['work/flow.nbflow'], trans)).rejects.toThrow(message);
  });
});
