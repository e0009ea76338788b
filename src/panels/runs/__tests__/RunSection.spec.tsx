import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import { Automation } from '../../../api/types';
import { IYard } from '../../../api/yard';
import { openSections } from '../../frame/openSections';
import { IPanelServices } from '../../frame/services';
import { automationsOf } from '../../automations/collection';
import * as strip from '../../frame/RunStrip';
import { shownRun } from '../../../runs/model/shownRun';
import { RunSection } from '../RunSection';

const trans = nullTranslator.load('nbyard');
const signal = () => new Signal<object, unknown>({});
const START = Date.parse('2030-01-01T00:00:00Z');
const at = (seconds: number) => new Date(START + 1000 * seconds).toISOString();

function show(items: object[], call = jest.fn(), automations: object[] = []): CommandRegistry {
  const stream = {
    ...{ events: signal(), activity: signal(), refetch: signal(), connectedChanged: signal() },
    watch: () => ({ dispose: () => undefined }),
    start: () => new Promise(() => undefined)
  };
  const runs = { items, changed: signal(), state: 'ready', more: false };
  const commands = new CommandRegistry();
  const workflows = { items: [] };
  const yard = { client: { call }, runs, workflows, stream } as unknown as IYard;
  const services = { yard, trans, commands };
  automations.forEach(automation => automationsOf(yard).put(automation as Automation));
  render(<RunSection services={services as unknown as IPanelServices} />);
  return commands;
}

describe('the runs of the sidebar', () => {
  beforeEach(() => jest.useFakeTimers({ now: START }));
  afterEach(() => {
    cleanup();
    jest.useRealTimers();
  });

  const pass = (seconds: number) => act(() => void jest.advanceTimersByTime(1000 * seconds));
  const times = () =>
    [...document.querySelectorAll('.nby-SideRow-aside')].map(({ textContent }) => textContent);

  it('draw only the times again while a run is live', () => {
    const drawn = jest.spyOn(strip, 'resultsUpTo');
    const run = { title: 'Penguins', workflow_id: 'w', counts: {}, reason: null };
    show([
      { ...run, id: '2', number: 2, state: 'running', created_at: at(0), started_at: at(0) },
      {
        ...{ ...run, id: '1', number: 1, state: 'succeeded', created_at: at(-120) },
        ...{ started_at: at(-120), finished_at: at(-116) }
      }
    ]);
    expect(times()).toEqual(['0.0 s', '2 min ago']);
    expect(screen.getByText('run 1 · 4.0 s')).toBeTruthy();
    const before = drawn.mock.calls.length;
    pass(12);
    expect(times()).toEqual(['12 s', '2 min ago']);
    pass(60);
    expect(times()).toEqual(['1:12', '3 min ago']);
    expect(drawn).toHaveBeenCalledTimes(before);
  });

  it('show that a run waits whose only task is queued', () => {
    const run = { title: 'Penguins', state: 'running', workflow_id: 'w', reason: null };
    const times = { created_at: at(0), started_at: at(0) };
    show([{ ...run, ...times, id: '1', number: 1, counts: { queued: 1 } }]);
    expect(document.querySelector('.nby-SideRow-icon')!.textContent).toBe('waiting');
  });

  it('highlight the run in Run Info, also one that it shows by itself', () => {
    const run = { title: 'Penguins', workflow_id: 'w', counts: {}, reason: null };
    const made = [2, 1].map(number => ({ ...run, id: `r${number}`, number, created_at: at(-9) }));
    const commands = show(made.map(one => ({ ...one, state: 'succeeded' })));
    commands.addCommand('nbyard:show-run', { execute: ({ id }) => shownRun.set(String(id)) });
    const highlighted = () =>
      [...document.querySelectorAll<HTMLElement>('.nby-Row[aria-selected="true"]')].map(
        ({ dataset }) => dataset.id
      );
    fireEvent.click(document.querySelector('.nby-Row[data-id="r1"]')!);
    act(() => shownRun.set('r1'));
    expect(highlighted()).toEqual(['r1']);
    act(() => shownRun.set('r2'));
    expect(highlighted()).toEqual(['r2']);
    act(() => shownRun.set(undefined));
    expect(highlighted()).toEqual([]);
  });

  it('compares the selected runs with c', () => {
    const run = { title: 'Penguins', workflow_id: 'w', counts: {}, reason: null };
    const times = { created_at: at(-9), started_at: at(-9), finished_at: at(-8) };
    const made = [3, 2, 1].map(number => ({ ...run, ...times, id: `r${number}`, number }));
    const commands = show(made.map(one => ({ ...one, state: 'succeeded' })));
    const compared = jest.fn();
    commands.addCommand('nbyard:open-comparison', { execute: ({ id }) => compared(id) });
    const press = (key: string) => fireEvent.keyDown(document.activeElement!, { key });
    act(() => (document.querySelector('.nby-Row') as HTMLElement).focus());
    press(' ');
    const button = screen.getByRole('button', { name: 'Compare' }) as HTMLButtonElement;
    expect(button.disabled).toBe(true);
    press(' ');
    expect(screen.getByRole('status').textContent).toBe('2 selected');
    press('c');
    expect(compared).toHaveBeenCalledWith('r3,r2');
    expect(screen.queryByRole('button', { name: 'Compare' })).toBeNull();
  });

  it('are searched by the server, which may refuse', async () => {
    const times = { created_at: at(-9), started_at: at(-9), finished_at: at(-8) };
    const run = { workflow_id: 'w', counts: {}, reason: null, state: 'succeeded', ...times };
    const made = (number: number, title: string) => ({ ...run, id: `r${number}`, number, title });
    const call = jest.fn().mockResolvedValue({ items: [made(2, 'Old')], next: 'more' });
    show(
      [9, 8, 7, 6, 5, 4].map(number => made(number, 'Penguins')),
      call
    );
    const box = screen.getByRole('searchbox', { name: 'Search runs' });
    const search = async (value: string) => {
      fireEvent.change(box, { target: { value } });
      await act(async () => void jest.advanceTimersByTime(300));
    };
    await search('is:succeeded old');
    expect(call).toHaveBeenLastCalledWith('runs.list', {
      query: { state: 'succeeded', search: 'old', limit: 100 }
    });
    expect(screen.getAllByRole('row').map(row => row.textContent)).toEqual([
      expect.stringContaining('Old')
    ]);
    expect(screen.getByText(/^The newest 100 matches/)).toBeTruthy();
    call.mockResolvedValue({ items: [] });
    await search('gone');
    expect(screen.getByRole('status').textContent).toBe('No run matches “gone”.');
    await search('colour:red');
    expect(screen.getByRole('status').textContent).toMatch(
      /^Unknown filter “colour:”. Filters: is: by: tag: origin: project: /
    );
    call.mockRejectedValue(new Error('state: must be one of queued, running'));
    await search('is:broken');
    expect(screen.getByRole('status').textContent).toBe('is: must be one of queued, running');
    await search('');
    expect(screen.getAllByRole('row')).toHaveLength(6);
  });

  it('are grouped by automation on request, which is remembered', () => {
    const times = { created_at: at(-9), started_at: at(-9), finished_at: at(-8) };
    const plain = { workflow_id: 'w', counts: {}, reason: null, state: 'succeeded', ...times };
    const of = (kind: string, source_id = '') => ({ kind, source_id });
    const origins = [
      ...[of('manual'), of('automation', 'night'), of('backfill', 'gone'), of('check')],
      ...[of('retry', 'night'), of('automation', 'day')]
    ];
    const runs = origins.map((origin, at) => {
      const number = 9 - at;
      return { ...plain, id: `r${number}`, number, title: `T${number}`, origin };
    });
    const recent = [{ id: 't', outcome: 'missed', due_at: at(-99), created_at: at(-99) }];
    const automation = (id: string) => ({ id, name: `every ${id}`, recent });
    show(runs, undefined, [automation('day'), automation('night')]);
    const rows = () =>
      screen
        .getAllByRole('row')
        .map(row => row.getAttribute('data-id') ?? row.querySelector('h3')!.textContent);
    expect(rows()).toEqual(['r9', 'r8', 'r7', 'r6', 'r5', 'r4']);
    const button = screen.getByRole('button', { name: 'Group by Automation' });
    fireEvent.click(button);
    expect(button.getAttribute('aria-pressed')).toBe('true');
    expect(openSections.get('runs-by-automation')).toBe(true);
    const groups = [
      ...['every night', 'r8', 'r5', 'Automation of T7', 'r7', 'every day', 'r4'],
      ...['Other runs', 'r9', 'r6']
    ];
    expect(rows()).toEqual(groups);
    const head = screen.getByRole('rowheader', { name: /^every night/ });
    expect(head.querySelectorAll('.nby-RunStrip-bar')).toHaveLength(3);
    const [grid, all] = [screen.getByRole('grid'), screen.getAllByRole('row')];
    expect(grid.getAttribute('aria-rowcount')).toBe('10');
    expect(all.map(row => row.getAttribute('aria-rowindex'))).toEqual(
      groups.map((_, position) => `${position + 1}`)
    );
    const described = (row: Element) =>
      document.getElementById(row.getAttribute('aria-describedby')!)!.textContent;
    expect(described(all[2])).toBe('every night');
    // keys go from row to row
    act(() => all[2].focus());
    fireEvent.keyDown(all[2], { key: 'ArrowDown' });
    expect(document.activeElement).toBe(all[4]);
    fireEvent.keyDown(all[4], { key: 'End' });
    expect(document.activeElement).toBe(all[9]);
    fireEvent.click(button);
    expect(rows()).toEqual(['r9', 'r8', 'r7', 'r6', 'r5', 'r4']);
    expect(screen.queryByRole('rowheader')).toBeNull();
  });

  it('are grouped also by automations whose runs are older than the loaded ones', async () => {
    openSections.set('runs-by-automation', true);
    const plain = { workflow_id: 'w', counts: {}, reason: null, state: 'succeeded' };
    const run = (number: number, age: number, source_id: string) => ({
      ...{ ...plain, id: `r${number}`, number, title: `T${number}`, created_at: at(-age) },
      origin: { kind: source_id ? 'automation' : 'manual', source_id }
    });
    const runs = [9, 8, 7, 6, 5].map(number => run(number, 20 - number, ''));
    const tick = (id: number, age: number, run_state: string | null = 'failed') => ({
      ...{ id: `t${id}`, run_id: `r${id}`, run_state, outcome: 'started' },
      ...{ due_at: at(-age), created_at: at(-age) }
    });
    const automations = [
      { id: 'a', name: 'deleted run', recent: [tick(0, 50, null)] },
      { id: 'b', name: 'old "x"', recent: [tick(1, 500)] },
      { id: 'c', name: 'Every night', recent: [tick(2, 90), tick(3, 95)] },
      { id: 'd', name: 'part', recent: [tick(10, 5), tick(4, 99)] },
      { id: 'e', name: 'whole', recent: [tick(11, 8)] }
    ];
    const call = jest.fn().mockResolvedValue({ items: [run(2, 90, 'c'), run(3, 95, 'c')] });
    const commands = show([run(10, 5, 'd'), run(11, 8, 'e'), ...runs], call, automations);
    const rows = () =>
      screen
        .getAllByRole('row')
        .map(row => row.querySelector('h3')?.textContent ?? row.getAttribute('data-id'));
    expect(rows()).toEqual([
      ...['part', 'r10', 'd', 'whole', 'r11', 'Every night', 'c', 'old "x"', 'b'],
      ...['Other runs', 'r9', 'r8', 'r7', 'r6', 'r5']
    ]);
    expect(screen.getByRole('grid').getAttribute('aria-rowcount')).toBe('15');
    const bars = (name: RegExp) =>
      screen.getByRole('rowheader', { name }).querySelectorAll('.nby-RunStrip-bar.nby-mod-failed');
    expect(bars(/^Every night/)).toHaveLength(2);
    const more = (id: string) => document.querySelector<HTMLElement>(`.nby-Row[data-id="${id}"]`)!;
    expect(more('c').textContent).toBe('Show All Runs');
    expect(more('c').dataset.noun).toBe('');
    const box = screen.getByRole<HTMLInputElement>('searchbox');
    fireEvent.click(more('b'));
    expect(box.value).toBe('automation:"b"');
    fireEvent.change(box, { target: { value: '' } });
    // neither is it selected for a comparison, nor deleted
    const deleted = jest.fn();
    commands.addCommand('nbyard:delete-run', { execute: deleted });
    act(() => more('c').focus());
    fireEvent.keyDown(more('c'), { key: 'Delete' });
    expect(deleted).not.toHaveBeenCalled();
    fireEvent.keyDown(more('c'), { key: ' ' });
    expect(more('c').getAttribute('aria-selected')).toBe('false');
    expect(document.activeElement).toBe(more('b'));
    fireEvent.keyDown(more('b'), { key: 'ArrowUp' });
    fireEvent.keyDown(more('c'), { key: 'Enter' });
    await act(async () => void jest.advanceTimersByTime(300));
    expect(call).toHaveBeenLastCalledWith('runs.list', {
      query: { automation: 'Every night', limit: 100 }
    });
    expect(rows()).toEqual(['Every night', 'r2', 'r3']);
    openSections.set('runs-by-automation', false);
  });
});
