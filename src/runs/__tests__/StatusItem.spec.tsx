import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';
import { screen } from '@testing-library/react';
import { IYard } from '../../api/yard';
import { StatusItem } from '../StatusItem';

it('counts the runs in progress, and those that wait', async () => {
  const items = [
    { id: '1', state: 'running', counts: { running: 1 } },
    { id: '2', state: 'running', counts: { queued: 1 } },
    { id: '3', state: 'queued', counts: { waiting: 1 } },
    { id: '4', state: 'succeeded', counts: { succeeded: 1 } }
  ];
  const runs = { items, changed: new Signal<object, void>({}) };
  const yard = { runs } as unknown as IYard;
  const item = new StatusItem(yard, new CommandRegistry(), nullTranslator.load('nbyard'));
  Widget.attach(item, document.body);
  const button = await screen.findByRole('button', { name: '1 run in progress, 2 runs wait' });
  expect(button.textContent).toBe('3');
  item.dispose();
});
