import { nullTranslator } from '@jupyterlab/translation';
import { Notification } from '@jupyterlab/apputils';
import { CommandRegistry } from '@lumino/commands';
import { waitFor } from '@testing-library/react';
import { IPanelServices } from '../../frame/services';
import { workflowActions } from '../actions';

const trans = nullTranslator.load('nbyard');

function started(missing: string[], environments: { name: string }[] = []) {
  const call = jest.fn(async (id: string) =>
    id === 'workflows.example_needs'
      ? { packages: ['joblib', 'pandas'], missing }
      : id === 'environments.create'
        ? { id: 'e', name: 'made' }
        : { path: 'd/penguins/penguins.nbflow' }
  );
  const open = jest.fn();
  const commands = new CommandRegistry();
  commands.addCommand('docmanager:open', { execute: open });
  const goTo = jest.fn();
  commands.addCommand('filebrowser:go-to-path', { execute: goTo });
  const known = { start: async () => undefined, items: environments, put: jest.fn() };
  const yard = { client: { call }, environments: known };
  const services = { yard, trans, commands } as unknown as IPanelServices;
  return { call, open, goTo, done: workflowActions.createExample(services, ['d']) };
}

const press = async (label: string) => {
  const button = () =>
    [...document.querySelectorAll<HTMLElement>('.jp-Dialog-button')].find(
      ({ textContent }) => textContent === label
    );
  await waitFor(() => expect(button()).toBeTruthy());
  button()!.click();
};

describe('the example', () => {
  it('is copied into the folder and opened, without a question if nothing is missing', async () => {
    const { call, open, goTo, done } = started([]);
    await done;
    const body = { folder: 'd', environment: '' };
    expect(call).toHaveBeenLastCalledWith('workflows.create_example', { body });
    expect(open.mock.calls[0][0]).toEqual({ path: 'd/penguins/penguins.nbflow' });
    const { message, options } = Notification.manager.notifications[0];
    expect(message).toBe('The example is in the folder “d/penguins”.');
    options.actions![0].callback(new MouseEvent('click'));
    expect(goTo.mock.calls[0][0]).toEqual({ path: 'd/penguins' });
  });

  it('gets an environment of its own with the packages that the kernel lacks', async () => {
    const { call, open, done } = started(['pandas'], [{ name: 'penguins' }]);
    await waitFor(() => expect(document.body.textContent).toContain('Python 3 lacks pandas'));
    await press('Install and Open');
    await done;
    const body = { name: 'penguins 2', requirements: 'joblib\npandas' };
    expect(call).toHaveBeenCalledWith('environments.create', { body });
    const copied = { body: { folder: 'd', environment: 'made' } };
    expect(call).toHaveBeenLastCalledWith('workflows.create_example', copied);
    expect(open).toHaveBeenCalled();
  });

  it('is opened without packages, or not at all', async () => {
    const without = started(['pandas']);
    await press('Open Without Packages');
    await without.done;
    expect(without.call.mock.calls.map(([id]) => id)).toEqual([
      'workflows.example_needs',
      'workflows.create_example'
    ]);
    const cancelled = started(['pandas']);
    await press('Cancel');
    await cancelled.done;
    expect(cancelled.open).not.toHaveBeenCalled();
  });
});
