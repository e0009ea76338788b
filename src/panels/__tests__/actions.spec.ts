import { JupyterFrontEnd } from '@jupyterlab/application';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { addPanelCommands } from '../commands';
import { IPanelServices } from '../frame/services';

/** The names of all actions that are asked for. */
const asked: string[] = [];

jest.mock('../lazy', () => ({
  actions: new Proxy({}, { get: (_, name) => () => void asked.push(String(name)) })
}));

describe('the action of a command', () => {
  const commands = new CommandRegistry();
  const trans = nullTranslator.load('nbyard');
  const app = { shell: { currentWidget: null, widgets: () => [] } } as unknown as JupyterFrontEnd;
  const notebooks = { currentWidget: null as unknown };
  const services = { app, commands, trans, notebooks, views: {} } as unknown as IPanelServices;
  addPanelCommands(services);

  it.each([
    ['nbyard:schedule-file', 'scheduleFile'],
    ['nbyard:trigger-file', 'triggerFile'],
    ['nbyard:enable-automation', 'enableAutomation'],
    ['nbyard:delete-automation', 'deleteAutomation'],
    ['nbyard:fire-automation', 'fireAutomation']
  ])('%s is %s', async (id, action) => {
    await commands.execute(id, { id: 'x', path: 'a.py' });
    expect(asked.pop()).toBe(action);
  });

  it('needs an open notebook to use an environment there', () => {
    const isEnabled = () => commands.isEnabled('nbyard:use-environment', { id: 'x' });
    expect(isEnabled()).toBe(false);
    notebooks.currentWidget = {};
    expect(isEnabled()).toBe(true);
  });

  it.each(['nbyard:run-in-background', 'nbyard:schedule-file'])(
    'is in the toolbar of each notebook, also of one that is not in front yet: %s',
    id => {
      expect([commands.isVisible(id), commands.isEnabled(id)]).toEqual([false, false]);
      const args = { toolbar: true };
      expect([commands.isVisible(id, args), commands.isEnabled(id, args)]).toEqual([true, true]);
    }
  );
});
