import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { addPanelCommands } from '../commands';
import { chooseFiles } from '../../components/chooseFiles';
import { actions } from '../lazy';
import { IPanelServices } from '../frame/services';

jest.mock('../lazy', () => ({
  actions: { uploadDataset: jest.fn(), uploadExecutable: jest.fn() }
}));

const inputs = () => [...document.querySelectorAll<HTMLInputElement>('input[type=file]')];

function give(...files: File[]): void {
  const [input] = inputs();
  Object.defineProperty(input, 'files', { value: files });
  input.dispatchEvent(new Event(files.length ? 'change' : 'cancel'));
}

describe('D1, E1: files of the own computer', () => {
  const file = new File(['x'], 'x.csv');

  it('are asked for by an element that stays until they are chosen', async () => {
    const asked = chooseFiles('files');
    expect(inputs().map(({ multiple, hidden }) => [multiple, hidden])).toEqual([[true, true]]);
    give(file, file);
    expect(await asked).toEqual([file, file]);
    expect(inputs()).toEqual([]);
  });

  it('may be all those of a folder', async () => {
    const asked = chooseFiles('folder');
    expect(inputs().map(({ webkitdirectory }) => webkitdirectory)).toEqual([true]);
    give(file);
    expect(await asked).toEqual([file]);
  });

  it('may not be given at all', async () => {
    const asked = chooseFiles('file');
    give();
    expect(await asked).toEqual([]);
    expect(inputs()).toEqual([]);
  });

  it.each(['uploadDataset', 'uploadExecutable'] as const)(
    'are asked for in the click itself: %s',
    async act => {
      const commands = new CommandRegistry();
      const trans = nullTranslator.load('nbyard');
      const services = { commands, trans, browser: null, views: {} } as unknown as IPanelServices;
      addPanelCommands(services);
      const id = act === 'uploadDataset' ? 'nbyard:upload-dataset' : 'nbyard:upload-executable';
      const done = commands.execute(id);
      expect(inputs()).toHaveLength(1);
      give(file);
      await done;
      expect(actions[act]).toHaveBeenCalledWith(services, [''], [file], {});
    }
  );
});
