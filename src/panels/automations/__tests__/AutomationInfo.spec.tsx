import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';
import { cleanup, fireEvent, render, screen, within } from '@testing-library/react';
import { Firing, Run } from '../../../api/types';
import { IPanelServices } from '../../frame/services';
import { AutomationSection } from '../AutomationSection';
import { stored } from './stored';

const firing = (id: string, part: Partial<Firing>): Firing =>
  ({ id, due_at: `2026-12-0${id}T07:00:00Z`, outcome: 'missed', ...part }) as Firing;
const recent = [
  firing('2', { outcome: 'started', run_id: 'r9', run_state: 'succeeded' }),
  firing('1', {})
];
const items = [stored({ recent, next_due: '2026-12-03T07:00:00Z' })];

const byHand = {
  ...{ id: 'r10', number: 10, state: 'failed', created_at: '2026-12-02T09:00:00Z' },
  reason: { code: 'text', params: { text: 'KeyError' } },
  origin: { kind: 'manual', source_id: 's' }
} as unknown as Run;

jest.mock('../collection', () => ({
  automationsOf: () => ({ items, state: 'ready', more: false, changed: new Signal({}) })
}));

afterEach(cleanup);

const row = () => document.querySelector('.nby-Row[data-noun="automation"]')!;
const info = () => screen.queryByRole('region', { name: 'Automation penguins' });

describe('R4: an automation that is clicked', () => {
  it('shows what it runs, and its newest runs', () => {
    const commands = new CommandRegistry();
    const called = jest.fn();
    const buttons = ['fire', 'edit', 'delete'].map(verb => `nbyard:${verb}-automation`);
    for (const id of ['nbyard:show-run', ...buttons]) {
      commands.addCommand(id, { label: id, execute: args => called(id, args) });
    }
    const trans = nullTranslator.load('nbyard');
    const services = {
      yard: { runs: { items: [byHand], changed: new Signal({}) } },
      trans,
      commands
    } as unknown as IPanelServices;
    render(<AutomationSection services={services} />);
    expect(info()).toBeNull();
    fireEvent.click(row());
    const shown = within(info()!);
    expect(shown.getByText(/penguins.nbflow/).textContent).toContain(
      'next: Thu, Dec 3, 2026, 08:00'
    );
    expect(shown.getByText(/missed/).tagName).toBe('P');
    const failed = shown.getByRole('button', { name: '#10 failed' });
    expect(failed.parentElement!.textContent).toBe('#10 failed · KeyError');
    fireEvent.click(failed);
    expect(called).toHaveBeenLastCalledWith('nbyard:show-run', { id: 'r10' });
    fireEvent.click(shown.getByRole('button', { name: /succeeded$/ }));
    expect(called).toHaveBeenLastCalledWith('nbyard:show-run', { id: 'r9' });
    for (const name of buttons) {
      fireEvent.click(shown.getByRole('button', { name }));
      expect(called).toHaveBeenLastCalledWith(name, { id: 's' });
    }
    fireEvent.click(row());
    expect(info()).toBeNull();
  });
});
