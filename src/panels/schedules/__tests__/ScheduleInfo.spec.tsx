import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';
import { cleanup, fireEvent, render, screen, within } from '@testing-library/react';
import { Tick } from '../../../api/types';
import { IPanelServices } from '../../frame/services';
import { ScheduleSection } from '../ScheduleSection';
import { stored } from './stored';

const tick = (id: string, part: Partial<Tick>): Tick =>
  ({ id, due_at: `2026-12-0${id}T07:00:00Z`, outcome: 'missed', ...part }) as Tick;
const recent = [
  tick('2', { outcome: 'started', run_id: 'r9', run_state: 'succeeded' }),
  tick('1', {})
];
const items = [stored({ recent, next_due: '2026-12-03T07:00:00Z' })];

jest.mock('../collection', () => ({
  schedulesOf: () => ({ items, state: 'ready', more: false, changed: new Signal({}) })
}));

afterEach(cleanup);

const row = () => document.querySelector('.nby-Row[data-noun="schedule"]')!;
const info = () => screen.queryByRole('region', { name: 'Schedule penguins' });

describe('R4: a schedule that is clicked', () => {
  it('shows what it runs, and its newest runs', () => {
    const commands = new CommandRegistry();
    const called = jest.fn();
    for (const id of ['nbyard:show-run', 'nbyard:edit-schedule']) {
      commands.addCommand(id, { label: id, execute: args => called(id, args) });
    }
    const trans = nullTranslator.load('nbyard');
    const services = {
      yard: { runs: { items: [], changed: new Signal({}) } },
      trans,
      commands
    } as unknown as IPanelServices;
    render(<ScheduleSection services={services} hasTriggers={false} />);
    expect(info()).toBeNull();
    fireEvent.click(row());
    const shown = within(info()!);
    expect(shown.getByText(/penguins.nbflow/).textContent).toContain(
      'next: Thu, Dec 3, 2026, 08:00'
    );
    expect(shown.getByText(/missed/).querySelector('button')).toBeNull();
    fireEvent.click(within(shown.getByText(/succeeded/)).getByRole('button'));
    expect(called).toHaveBeenLastCalledWith('nbyard:show-run', { id: 'r9' });
    fireEvent.click(shown.getByRole('button', { name: 'nbyard:edit-schedule' }));
    expect(called).toHaveBeenLastCalledWith('nbyard:edit-schedule', { id: 's' });
    fireEvent.click(row());
    expect(info()).toBeNull();
  });
});
