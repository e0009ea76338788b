import { Dialog } from '@jupyterlab/apputils';
import { FileBrowserModel, FileDialog } from '@jupyterlab/filebrowser';
import { nullTranslator } from '@jupyterlab/translation';
import { saveFiles } from '../savingFiles';
import { IRunServices } from '../../model/services';

const shown = jest.fn();
jest.mock('@jupyterlab/apputils', () => ({
  ...jest.requireActual('@jupyterlab/apputils'),
  showDialog: (options: unknown) => shown(options)
}));

const PATHS = ['result.csv', 'plots/deep/a.svg'];

function place(folders: Record<string, string[]>) {
  const saved: [string, Record<string, unknown>][] = [];
  const contents = {
    localPath: (path: string) => path,
    get: async (path: string) => ({
      type: 'directory',
      content: (folders[path] ?? []).map(name => ({ name }))
    }),
    save: async (path: string, model: Record<string, unknown>) => saved.push([path, model])
  };
  const client = {
    settings: { baseUrl: '/' },
    call: async () => ({ files: PATHS.map(path => ({ path })) }),
    request: async () => ({ blob: async () => new Blob(['hello']) })
  };
  const trans = nullTranslator.load('nbyard');
  const services = { trans, yard: { client } } as unknown as IRunServices;
  const model = { manager: { services: { contents } }, path: '' } as unknown as FileBrowserModel;
  const save = () => saveFiles(services, model, { run: 'r', node: 'a' });
  return { save, saved };
}

function choose(path: string | null): void {
  const value = path === null ? null : [{ path }];
  const answer = { value } as unknown as Awaited<
    ReturnType<typeof FileDialog.getExistingDirectory>
  >;
  jest.spyOn(FileDialog, 'getExistingDirectory').mockResolvedValue(answer);
}

describe('saving files in a folder', () => {
  beforeEach(() => shown.mockReset());

  it('makes folders first and writes the bytes', async () => {
    choose('out');
    const { save, saved } = place({});
    await save();
    expect(shown).not.toHaveBeenCalled();
    expect(saved).toEqual([
      ['out/plots', { type: 'directory' }],
      ['out/plots/deep', { type: 'directory' }],
      ['out/result.csv', { type: 'file', format: 'base64', content: btoa('hello') }],
      ['out/plots/deep/a.svg', { type: 'file', format: 'base64', content: btoa('hello') }]
    ]);
  });

  it.each([true, false])('asks before it replaces files: %s', async accept => {
    choose('out');
    shown.mockResolvedValue({ button: { accept } });
    const { save, saved } = place({ out: ['result.csv'], 'out/plots': ['other'] });
    await save();
    const { body, title } = shown.mock.calls[0][0] as Dialog.IOptions<unknown>;
    expect(title).toBe('Replace 1 file?');
    expect((body as { node: HTMLElement }).node.textContent).toBe('result.csv');
    expect(saved.length).toBe(accept ? 4 : 0);
  });

  it('does nothing where no folder is chosen', async () => {
    choose(null);
    const { save, saved } = place({});
    await save();
    expect(saved).toEqual([]);
  });
});
