import { nullTranslator } from '@jupyterlab/translation';
import { Notification } from '@jupyterlab/apputils';
import { CommandRegistry } from '@lumino/commands';
import { waitFor } from '@testing-library/react';
import { IPanelServices } from '../../frame/services';
import { workflowActions } from '../actions';

const trans = nullTranslator.load('nbyard');

const made = (fields = {}) => {
  const current = { number: 1, state: 'ready', requirements: ['joblib', 'pandas'], ...fields };
  return { id: 'e', name: 'penguins', current };
};

function started(missing: string[], environments: object[] = []) {
  const call = jest.fn(async (id: string) =>
    id === 'workflows.example_needs'
      ? { packages: ['joblib', 'pandas'], missing }
      : id === 'environments.create'
        ? { ...made(), name: 'made' }
        : { path: 'd/penguins/penguins.nbflow', id: 'r' }
  );
  const open = jest.fn();
  const commands = new CommandRegistry();
  commands.addCommand('docmanager:open', { execute: open });
  const goTo = jest.fn();
  commands.addCommand('filebrowser:go-to-path', { execute: goTo });
  const show = jest.fn();
  commands.addCommand('nbyard:show-run', { execute: show });
  const changed = { connect: jest.fn(), disconnect: jest.fn() };
  const known = {
    start: async () => undefined,
    items: environments,
    put: jest.fn(),
    find: () => made(),
    changed
  };
  const yard = { client: { call }, environments: known };
  const services = { yard, trans, commands } as unknown as IPanelServices;
  return { call, open, goTo, show, done: workflowActions.createExample(services, ['d']) };
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
    const body = { folder: 'd', template: 'penguins', environment: '' };
    expect(call).toHaveBeenLastCalledWith('workflows.create_example', { body });
    expect(open.mock.calls[0][0]).toEqual({ path: 'd/penguins/penguins.nbflow' });
    const { message, options } = Notification.manager.notifications[0];
    expect(message).toBe('The example is in the folder “d/penguins”.');
    options.actions![0].callback(new MouseEvent('click'));
    expect(goTo.mock.calls[0][0]).toEqual({ path: 'd/penguins' });
  });

  it('gets an environment of its own with the packages that the kernel lacks', async () => {
    const { call, open, show, done } = started(['pandas'], [made({ requirements: ['pandas'] })]);
    await waitFor(() => expect(document.body.textContent).toContain('Python 3 lacks pandas'));
    await press('Create Environment and Run');
    await done;
    const body = { name: 'penguins 2', requirements: 'joblib\npandas' };
    expect(call).toHaveBeenCalledWith('environments.create', { body });
    const copied = { body: { folder: 'd', template: 'penguins', environment: 'made' } };
    expect(call).toHaveBeenCalledWith('workflows.create_example', copied);
    expect(open).toHaveBeenCalled();
    const path = 'd/penguins/penguins.nbflow';
    await waitFor(() => expect(show.mock.calls[0][0]).toMatchObject({ id: 'r', path }));
    expect(call).toHaveBeenLastCalledWith('runs.create', { body: { path, scope: 'all' } });
    const { message, type } = Notification.manager.notifications[0];
    expect([type, message]).toEqual(['success', 'The example is in the folder “d/penguins”.']);
  });

  it('uses the environment of an earlier example', async () => {
    const { call, show, done } = started(['pandas'], [made()]);
    await press('Create Environment and Run');
    await done;
    await waitFor(() => expect(show).toHaveBeenCalled());
    expect(call.mock.calls.map(([id]) => id)).toEqual([
      'workflows.example_needs',
      'workflows.create_example',
      'runs.create'
    ]);
  });

  it('is opened without packages, or not at all', async () => {
    const without = started(['pandas']);
    await press('Open Only');
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
