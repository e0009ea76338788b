import { Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { remind } from '../expiring';

const shown = () => Notification.manager.notifications;

it('H3: the reminder of the end of a deployment is shown once, and extends it', async () => {
  const commands = new CommandRegistry();
  const execute = jest.fn();
  commands.addCommand('nbyard:extend-deployment', { execute });
  const services = { commands, trans: nullTranslator.load('nbyard') } as never;
  const deployment = { id: 'd', title: 'Cows', name: 'cows', expires_at: '2030-01-01T00:00:00Z' };
  remind(services, [deployment] as never);
  remind(services, [deployment] as never);
  expect(shown()).toHaveLength(1);
  expect(shown()[0].message).toContain('“Cows”');
  const [extend] = shown()[0].options.actions!;
  expect(extend.label).toBe('Extend');
  extend.callback(new MouseEvent('click') as never);
  expect(execute).toHaveBeenCalledWith({ id: 'd' });
  remind(services, []);
  expect(shown()).toHaveLength(0);
});
