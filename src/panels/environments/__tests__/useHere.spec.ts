import { Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { waitFor } from '@testing-library/react';
import { Environment } from '../../../api/types';
import { followInstallation } from '../../../environments/whenInstalled';
import { IPanelServices } from '../../frame/services';
import { restartWith } from '../useHere';

const trans = nullTranslator.load('nbyard');

function notebook(cells: object[], status = 'idle') {
  const changeKernel = jest.fn();
  const activateById = jest.fn();
  const currentWidget = {
    id: 'n',
    title: { label: 'a.ipynb' },
    model: { sharedModel: { cells } },
    sessionContext: { session: { kernel: { status } }, changeKernel }
  };
  const kernelspecs = { refreshSpecs: async () => undefined };
  const app = { serviceManager: { kernelspecs }, shell: { activateById } };
  const yard = { client: { call: async () => ({ items: [] }) } };
  const services = { app, trans, yard, notebooks: { currentWidget } } as unknown as IPanelServices;
  return { services, changeKernel, activateById };
}

const button = (label: string) =>
  [...document.querySelectorAll<HTMLElement>('.jp-Dialog-button')].find(
    ({ textContent }) => textContent === label
  );

async function press(label: string) {
  await waitFor(() => expect(button(label)).toBeTruthy());
  button(label)!.click();
}

describe('using an environment in the open notebook', () => {
  it('asks nothing while the kernel ran no cell', async () => {
    const { services, changeKernel, activateById } = notebook([{}, { execution_count: null }]);
    await restartWith(services, 'nbyard-cows');
    expect(changeKernel).toHaveBeenCalledWith({ name: 'nbyard-cows' });
    expect(activateById).toHaveBeenCalledWith('n');
  });

  it.each([
    [{ execution_count: 1 }, 'idle'],
    [{}, 'busy']
  ])('asks before variables are lost: %p, %s', async (cell, status) => {
    const { services, changeKernel } = notebook([cell], status);
    const kept = restartWith(services, 'nbyard-cows');
    await press('Cancel');
    await kept;
    expect(changeKernel).not.toHaveBeenCalled();
    const restarted = restartWith(services, 'nbyard-cows');
    await press('Restart');
    await restarted;
    expect(changeKernel).toHaveBeenCalled();
  });
});

it.each([true, false])('a finished installation offers it: %p', async isOpen => {
  const commands = new CommandRegistry();
  const execute = jest.fn();
  commands.addCommand('nbyard:use-environment', {
    label: 'Use Here',
    isEnabled: () => isOpen,
    execute
  });
  const made = { id: 'e', name: 'cows', current: { number: 1, state: 'ready' } } as Environment;
  const environments = {
    start: async () => undefined,
    find: () => made,
    put: jest.fn(),
    changed: { connect: jest.fn(), disconnect: jest.fn() }
  };
  const before = Notification.manager.count;
  const services = { yard: { environments }, commands, trans } as unknown as IPanelServices;
  followInstallation(services, made);
  await waitFor(() => expect(Notification.manager.count).toBe(before + 1));
  const { message, options } = Notification.manager.notifications[0];
  expect(message).toBe('“cows” is installed.');
  expect(options.actions!.map(({ label }) => label)).toEqual(isOpen ? ['Use Here'] : []);
  options.actions![0]?.callback(new MouseEvent('click'));
  expect(execute).toHaveBeenCalledTimes(isOpen ? 1 : 0);
});
