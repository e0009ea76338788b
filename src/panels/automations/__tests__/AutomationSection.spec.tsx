import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import { Automation, Run } from '../../../api/types';
import { IPanelServices } from '../../frame/services';
import { AutomationSection } from '../AutomationSection';
import { stored } from './stored';

const signal = () => new Signal<unknown, unknown>({});

function run(id: string, state: string, created_at: string, source_id = 's'): Run {
  return { id, number: 1, state, created_at, origin: { source_id } } as Run;
}

async function show(automation: Partial<Automation>, runs: Run[]): Promise<HTMLElement> {
  const known = stored({ id: 's', name: 'sales', is_enabled: false, ...automation });
  const stream = {
    ...{ connectedChanged: signal(), events: signal(), refetch: signal() },
    start: async () => undefined
  };
  const call = async () => ({ items: [known], next: null });
  const yard = { client: { call }, stream, runs: { items: runs, changed: signal() } };
  const trans = nullTranslator.load('nbyard');
  const services = {
    trans,
    yard,
    commands: { execute: jest.fn(), label: () => '' }
  } as unknown as IPanelServices;
  const { automationsOf } = await import('../collection');
  await automationsOf(yard as never).start();
  render(<AutomationSection services={services} />);
  return (await screen.findByText('sales')).closest<HTMLElement>('.nby-SideRow')!;
}

const tick = (state: string, created_at: string) =>
  ({ id: 't', outcome: 'started', run_id: 'old', run_state: state, created_at }) as never;

describe('R4: the row of an automation', () => {
  it('starts with the failure of its last run, also of one started by hand', async () => {
    const row = await show({ recent: [tick('succeeded', '2026-01-01')] }, [
      run('c', 'succeeded', '2026-01-04', 'other'),
      run('b', 'failed', '2026-01-02'),
      run('old', 'succeeded', '2026-01-01')
    ]);
    expect(row.querySelector('.nby-SideRow-detail')!.textContent).toMatch(
      /^last: failed · disabled/
    );
    expect(row.querySelector('.nby-SideRow-icon')!.classList).toContain('nby-mod-failed');
    expect(row.querySelectorAll('.nby-RunStrip-bar')).toHaveLength(2);
  });

  it('ends with its last run if that succeeded, also if the run is not listed', async () => {
    const row = await show({ recent: [tick('succeeded', '2026-01-01')] }, []);
    expect(row.querySelector('.nby-SideRow-detail')!.textContent).toMatch(/last: succeeded$/);
    expect(row.querySelector('.nby-mod-failed')).toBeNull();
  });

  it('shows its due times if none of their runs is listed', async () => {
    const due = (id: string, part: object) =>
      ({ ...(tick('succeeded', '2026-01-03') as object), ...part, id, run_id: id }) as never;
    const recent = [
      due('3', { run_state: 'running' }),
      due('2', { outcome: 'failed', run_state: null }),
      due('1', {})
    ];
    const states = (row: HTMLElement) =>
      [...row.querySelectorAll('.nby-RunStrip-bar')].map(({ classList }) => classList[1]);
    const [succeeded, failed] = ['nby-mod-succeeded', 'nby-mod-failed'];
    expect(states(await show({ recent }, []))).toEqual([succeeded, failed, 'nby-mod-running']);
    cleanup();
    // the state of a listed run is newer
    const row = await show({ recent }, [run('3', 'failed', '2026-01-03')]);
    expect(states(row)).toEqual([succeeded, failed, failed]);
  });

  it('shows its next time in its zone, where its sentence names that', async () => {
    const next_due = '2026-12-03T07:00:00Z';
    const aside = (row: HTMLElement) => row.querySelector('.nby-SideRow-aside')!.textContent;
    const row = await show({ next_due, zone: 'Asia/Tokyo' }, []);
    expect(aside(row)).toBe('Thu 16:00');
    expect(row.title).toContain('Thu, Dec 3, 2026, 16:00');
    cleanup();
    const timing = { kind: 'interval', seconds: 3600 } as Automation['timing'];
    const here = new Date(next_due).getHours();
    const other = await show({ next_due, zone: 'Asia/Tokyo', timing }, []);
    expect(aside(other)).toBe(`Thu ${String(here).padStart(2, '0')}:00`);
  });

  it('is finished without another due time', async () => {
    const row = await show({ is_enabled: true, next_due: null }, []);
    expect(row.querySelector('.nby-SideRow-detail')!.textContent).toBe('finished');
    expect(row.querySelector('.nby-SideRow-icon')!.classList).toContain('nby-mod-cancelled');
    const button = screen.getByRole<HTMLButtonElement>('switch');
    expect(button.getAttribute('aria-checked')).toBe('false');
    expect([button.disabled, button.title]).toEqual([true, 'finished']);
  });

  it.each([
    ['of a due time', { is_enabled: true, next_due: '2026-12-03T07:00:00Z' }, 'true'],
    [
      'of a waiting due time',
      {
        is_enabled: true,
        next_due: null,
        waiting: 100,
        // the queue was full when the last time was due
        recent: [{ ...(tick('', '2026-01-01') as object), outcome: 'overlapped' }]
      },
      'true'
    ],
    ['of none, while disabled', { is_enabled: false, next_due: null }, 'false']
  ])('has a switch that can be used because %s', async (_, automation, isChecked) => {
    await show(automation as Partial<Automation>, []);
    const button = screen.getByRole<HTMLButtonElement>('switch');
    expect([button.disabled, button.getAttribute('aria-checked')]).toEqual([false, isChecked]);
  });

  it('starts with a missed time', async () => {
    const missed = { id: 't', outcome: 'missed', run_id: '', created_at: '2026-01-03' } as never;
    const row = await show({ recent: [missed] }, [run('old', 'succeeded', '2026-01-01')]);
    expect(row.querySelector('.nby-SideRow-detail')!.textContent).toMatch(/^last: missed/);
  });
});

it('R4: automations are searched by their names and files', async () => {
  const items = ['daily', 'weekly', 'hourly', 'report', 'clean', 'train'].map(name =>
    stored({ id: name, name, run: { path: `${name[0]}.nbflow` } as Automation['run'] })
  );
  const stream = {
    ...{ connectedChanged: signal(), events: signal(), refetch: signal() },
    start: async () => undefined
  };
  const yard = {
    client: { call: async () => ({ items, next: null }) },
    ...{ stream, runs: { items: [], changed: signal() } }
  };
  const commands = { execute: jest.fn(), label: () => '' };
  const trans = nullTranslator.load('nbyard');
  const { automationsOf } = await import('../collection');
  await automationsOf(yard as never).start();
  render(<AutomationSection services={{ trans, yard, commands } as unknown as IPanelServices} />);
  const names = () =>
    [...document.querySelectorAll('.nby-Row-name')].map(({ textContent }) => textContent);
  expect(names()).toHaveLength(6);
  const box = screen.getByRole('searchbox', { name: 'Search automations' });
  fireEvent.change(box, { target: { value: 'ly' } });
  expect(names()).toEqual(['daily', 'weekly', 'hourly']);
  fireEvent.change(box, { target: { value: 't.nbflow' } });
  expect(names()).toEqual(['train']);
});
