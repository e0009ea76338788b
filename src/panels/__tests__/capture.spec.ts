import { JupyterFrontEnd } from '@jupyterlab/application';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { addPanelCommands } from '../commands';
import { actions } from '../lazy';
import { IPanelServices } from '../frame/services';

jest.mock('../lazy', () => ({ actions: { captureKernel: jest.fn() } }));

const ID = 'nbyard:capture-kernel';

describe('L7: a kernel is captured', () => {
  let current: object | null = null;
  let row: string | undefined;
  const commands = new CommandRegistry();
  const app = {
    shell: {
      get currentWidget() {
        return current;
      }
    },
    contextMenuHitTest: () => row && { dataset: { id: row } }
  } as unknown as JupyterFrontEnd;
  const trans = nullTranslator.load('nbyard');
  const services = { app, commands, trans, browser: null, views: {} } as unknown as IPanelServices;
  const ids = addPanelCommands(services);

  afterEach(() => {
    current = null;
    row = undefined;
  });

  it('that of the current notebook, from palette and Kernel menu', async () => {
    expect(ids).toContain(ID);
    expect(commands.isEnabled(ID)).toBe(false);
    current = { sessionContext: { session: null } };
    expect(commands.isEnabled(ID)).toBe(false);
    current = { sessionContext: { session: { kernel: { name: 'python3' } } } };
    expect(commands.isEnabled(ID)).toBe(true);
    await commands.execute(ID);
    expect(actions.captureKernel).toHaveBeenLastCalledWith(services, ['python3'], [], {});
  });

  it('that of the row under the menu', async () => {
    row = 'conda-sea';
    await commands.execute(ID);
    expect(actions.captureKernel).toHaveBeenLastCalledWith(services, ['conda-sea'], [], {});
  });
});
