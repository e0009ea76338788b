import { JupyterFrontEnd } from '@jupyterlab/application';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { addPanelCommands } from '../commands';
import { IPanelServices } from '../frame/services';
import { actions } from '../lazy';

jest.mock('../lazy', () => ({ actions: { share: jest.fn() } }));

const ID = 'nbyard:share';

it('H2: a row is shared from its menu, which names only its kind', async () => {
  const commands = new CommandRegistry();
  const row = { dataset: { noun: 'dataset', id: 'd1' } } as unknown as HTMLElement;
  const app = {
    shell: {},
    contextMenuHitTest: (test: (node: HTMLElement) => boolean) => (test(row) ? row : undefined)
  } as unknown as JupyterFrontEnd;
  const trans = nullTranslator.load('nbyard');
  const services = { app, commands, trans, browser: null, views: {} } as unknown as IPanelServices;
  addPanelCommands(services);
  expect(commands.isVisible(ID, { noun: 'dataset' })).toBe(true);
  await commands.execute(ID, { noun: 'dataset' });
  expect(actions.share).toHaveBeenLastCalledWith(services, ['dataset', 'd1'], [], {
    noun: 'dataset'
  });
  expect(commands.isVisible(ID, { noun: 'workflow' })).toBe(false);
  expect(commands.isVisible(ID, { noun: 'run', id: 'r1' })).toBe(true);
});
