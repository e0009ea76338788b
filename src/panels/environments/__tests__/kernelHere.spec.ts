import { Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { IPanelServices } from '../../frame/services';
import { environmentActions } from '../actions';

/** Services of a server that answers these in turn, and the commands that were executed. */
function serverWith(...answers: (object | Error)[]) {
  const execute = jest.fn();
  const call = jest.fn(async (id: string) => {
    if (id === 'environments.list') {
      return { items: [] };
    }
    const answer = answers.shift();
    if (answer instanceof Error) {
      throw answer;
    }
    return answer;
  });
  const kernelspecs = { refreshSpecs: async () => undefined };
  const services = {
    app: { serviceManager: { kernelspecs } },
    commands: { execute },
    trans: nullTranslator.load('nbyard'),
    yard: { client: { call } }
  } as unknown as IPanelServices;
  return { services, execute, call };
}

const shown = () => Notification.manager.notifications.map(({ message }) => message);

it('installs the kernel in the own server, and shows the progress', async () => {
  const seen: string[][] = [];
  const changed = () => void seen.push(shown());
  Notification.manager.changed.connect(changed);
  const installing = ['Resolving packages', 'Installing 9 packages'].map(progress => ({
    kernel: '',
    progress
  }));
  const { services, execute, call } = serverWith(...installing, { kernel: 'nbyard-cows-1a' });
  await environmentActions.notebookWithEnvironment(services, ['e1']);
  Notification.manager.changed.disconnect(changed);
  expect(call).toHaveBeenCalledWith('environments.kernel', { path: { environment: 'e1' } });
  expect(execute).toHaveBeenCalledWith('notebook:create-new', { kernelName: 'nbyard-cows-1a' });
  const said = seen.flat();
  expect(said).toContain('Installing the kernel… Resolving packages');
  expect(said).toContain('Installing the kernel… Installing 9 packages');
  expect(shown()).toEqual([]);
});

it('ends with the error of the installation', async () => {
  const { services, execute } = serverWith(
    { kernel: '', progress: '' },
    new Error('There is no cow 9.')
  );
  await environmentActions.notebookWithEnvironment(services, ['e1']);
  expect(execute).not.toHaveBeenCalled();
  expect(shown()).toEqual([expect.stringContaining('There is no cow 9.')]);
});

it.each([
  [{}, []],
  [new Error('The server is away.'), ['Not stopped. The server is away.']]
])('cancels the installation by the button of the notification', async (answer, problems) => {
  const installing = { kernel: '', progress: 'Resolving packages' };
  const cancelled = new Error('The installation was cancelled.');
  const { services, execute, call } = serverWith(installing, answer, cancelled);
  let isClicked = false;
  const changed = () => {
    const [action] = Notification.manager.notifications.flatMap(n => n.options.actions ?? []);
    if (action && !isClicked) {
      isClicked = true;
      expect(action.label).toBe('Cancel');
      action.callback(new MouseEvent('click', { cancelable: true }));
    }
  };
  Notification.manager.changed.connect(changed);
  await environmentActions.notebookWithEnvironment(services, ['e1']);
  Notification.manager.changed.disconnect(changed);
  const asked = { path: { environment: 'e1' }, query: { cancel: true } };
  expect(call).toHaveBeenCalledWith('environments.kernel', asked);
  expect(execute).not.toHaveBeenCalled();
  expect(shown()).toContainEqual(expect.stringContaining('The installation was cancelled.'));
  expect(shown().filter(text => text.startsWith('Not stopped. '))).toEqual(problems);
});
