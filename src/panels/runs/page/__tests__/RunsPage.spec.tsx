import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';
import { act, cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import { IPanelServices } from '../../../frame/services';
import RunsPage from '../RunsPage';

const START = Date.parse('2030-01-01T00:00:00Z');
const at = (seconds: number) => new Date(START + 1000 * seconds).toISOString();

const run = (number: number, more: object = {}) => ({
  ...{ id: `r${number}`, number, name: '', title: `Train ${number}`, state: 'succeeded' },
  ...{ path: 'train.nbflow', workflow_id: 'w', counts: {}, reason: null, kept: false },
  ...{ created_at: at(60 * number), started_at: at(60 * number) },
  finished_at: at(60 * number + number),
  ...{ parameters: { rate: number, seed: 7 }, changed: ['rate'], tags: [] as string[] },
  ...{ origin: { kind: 'shell', person: 'ann' }, metrics: { train: { loss: 1 / number } } },
  ...more
});

type Call = (id: string, question: { query?: Record<string, unknown>; path?: object }) => unknown;

function show(items: object[], answers: Record<string, unknown> = {}, stored: object = {}) {
  const call = jest.fn<unknown, Parameters<Call>>(async (id, { query = {} }) => {
    if (id in answers) {
      throw answers[id];
    }
    const isFound = (item: object) =>
      !query.state || (item as { state: string }).state === query.state;
    const found = items.filter(isFound);
    return { items: query.order ? found.reverse() : found, next: null };
  });
  const stream = {
    ...{ events: new Signal<object, unknown>({}), refetch: new Signal<object, void>({}) },
    ...{ connectedChanged: new Signal<object, unknown>({}), start: async () => undefined }
  };
  const runs = { remove: jest.fn() };
  const commands = new CommandRegistry();
  const executed = jest.fn();
  for (const id of ['nbyard:open-comparison', 'nbyard:show-run']) {
    commands.addCommand(id, { execute: args => executed(id, args) });
  }
  const state = { fetch: async () => stored, save: jest.fn(async () => undefined) };
  const yard = { client: { call, project: '' }, stream, runs };
  const services = { yard, trans: nullTranslator.load('nbyard'), commands, state };
  render(<RunsPage services={services as unknown as IPanelServices} />);
  const of = (id: string) => call.mock.calls.filter(([asked]) => asked === id).map(([, q]) => q);
  return { of, executed, state, runs };
}

const rows = () => screen.getAllByRole('row').slice(1);
const numbers = () =>
  rows()
    .map(row => row.dataset.id?.slice(1))
    .join(' ');
const cellsOf = (row: HTMLElement) => [...row.querySelectorAll('td')].map(td => td.textContent);
const button = (name: string) => screen.getByRole('button', { name });
const accept = () => fireEvent.click(document.querySelector('.jp-Dialog .jp-mod-accept')!);
const key = (name: string, more = {}) =>
  fireEvent.keyDown(document.activeElement!, { key: name, ...more });

describe('the page of runs', () => {
  beforeEach(() => {
    sessionStorage.clear();
    Element.prototype.scrollIntoView = jest.fn();
    Object.defineProperty(Element.prototype, 'clientHeight', { configurable: true, value: 500 });
    globalThis.ResizeObserver = class {
      observe = () => undefined;
      disconnect = () => undefined;
    } as never;
  });
  afterEach(cleanup);

  it('shows what each run is, with the parameters that were changed', async () => {
    show([run(2, { tags: ['paper'], kept: true }), run(1, { name: 'first' })]);
    await screen.findByText('Train 2');
    const [, state, number, name, path, who, , duration, parameters, tags] = cellsOf(rows()[0]);
    expect([state, number, name, path]).toEqual(['succeeded', '2', 'Train 2', 'train.nbflow']);
    expect([who, duration]).toEqual(['ann · Command line', '2.0 s']);
    expect([parameters, tags]).toEqual(['rate=2', 'kept paper']);
    expect(cellsOf(rows()[1])[3]).toBe('first');
    expect(screen.getByRole('grid').getAttribute('aria-rowcount')).toBe('3');
  });

  it('gives columns at the end without any value little width', async () => {
    const widthOf = (name: string) =>
      parseInt(screen.getByRole('columnheader', { name }).style.width);
    show([run(2, { changed: [] }), run(1, { changed: [], tags: ['paper'] })]);
    await screen.findByText('Train 2');
    expect(widthOf('Changed parameters')).toBeLessThan(60);
    expect(widthOf('Tags')).toBeGreaterThan(100);
  });

  it('shows metrics that the user picks, lets the server sort by them, remembers both', async () => {
    const { of, state } = show([run(3), run(2), run(1, { metrics: {} })]);
    const order = () => of('runs.list').pop()!.query!.order;
    await screen.findByText('Train 2');
    fireEvent.click(button('Columns'));
    fireEvent.click(screen.getByRole('checkbox', { name: 'loss' }));
    fireEvent.click(screen.getByRole('checkbox', { name: 'Tags' }));
    expect(cellsOf(rows()[1]).slice(-2)).toEqual(['0.5', 'rate=2']);
    fireEvent.click(button('loss'));
    await waitFor(() => expect(order()).toBe('-train.loss'));
    fireEvent.click(button('loss'));
    await waitFor(() => expect(order()).toBe('train.loss'));
    await waitFor(() => expect(numbers()).toBe('1 2 3'));
    const head = screen.getByRole('columnheader', { name: /loss/ });
    expect(head.getAttribute('aria-sort')).toBe('ascending');
    expect(state.save).toHaveBeenLastCalledWith('nbyard:runs-page', {
      ...{ hidden: ['tags'], metrics: ['train.loss'] },
      sort: { key: 'train.loss', isDown: false }
    });
    fireEvent.click(screen.getByRole('checkbox', { name: 'loss' }));
    await waitFor(() => expect(order()).toBeUndefined());
    expect(screen.queryByRole('button', { name: 'Changed parameters' })).toBeNull();
  });

  it('restores columns and sort', async () => {
    const sort = { key: 'duration', isDown: false };
    const stored = { hidden: ['path'], metrics: ['train.loss'], sort };
    const { of } = show([run(3), run(2)], {}, stored);
    await waitFor(() => expect(screen.queryByRole('button', { name: 'loss' })).toBeTruthy());
    expect(screen.queryByRole('button', { name: 'Workflow or file' })).toBeNull();
    await waitFor(() => expect(numbers()).toBe('2 3'));
    expect(of('runs.list').pop()!.query).toEqual({
      ...{ details: true, limit: 100 },
      order: 'duration'
    });
  });

  it('filters on the server by the words of the sidebar', async () => {
    const { of } = show([run(2, { state: 'failed' }), run(1, { tags: ['paper'] })]);
    await screen.findByText('Train 2');
    expect(of('runs.list')[0].query).toEqual({ details: true, limit: 100 });
    fireEvent.change(screen.getByRole('combobox', { name: 'State' }), {
      target: { value: 'failed' }
    });
    await waitFor(() => expect(numbers()).toBe('2'));
    expect(screen.getByRole('searchbox')).toHaveProperty('value', 'is:failed');
    fireEvent.change(screen.getByRole('combobox', { name: 'State' }), { target: { value: '' } });
    await waitFor(() => expect(numbers()).toBe('2 1'));
    fireEvent.click(button('paper'));
    await waitFor(() =>
      expect(of('runs.list').pop()!.query).toMatchObject({ tag: 'paper', details: true })
    );
  });

  it('compares and opens rows by the keyboard', async () => {
    const { executed } = show([run(3), run(2), run(1)]);
    await screen.findByText('Train 3');
    act(() => rows()[0].focus());
    key('Enter');
    expect(executed).toHaveBeenLastCalledWith('nbyard:show-run', { id: 'r3' });
    key(' ');
    key('ArrowDown', { shiftKey: true });
    expect(rows().map(row => row.getAttribute('aria-selected'))).toEqual(['true', 'true', 'true']);
    key('Escape');
    expect(screen.queryByText(/selected$/)).toBeNull();
    key('Home');
    expect(document.activeElement).toBe(rows()[0]);
    key('ArrowDown', { shiftKey: true });
    key('c');
    expect(executed).toHaveBeenLastCalledWith('nbyard:open-comparison', { id: 'r3,r2' });
    key('a', { ctrlKey: true });
    expect(screen.getByText('3 selected')).toBeTruthy();
  });

  it('keeps, tags and deletes the selected runs', async () => {
    const items = [run(3, { state: 'running', tags: ['a', 'b'] }), run(2, { tags: ['b', 'c'] })];
    const { of, runs } = show([...items, run(1)]);
    await screen.findByText('Train 3');
    for (const row of rows().slice(0, 2)) {
      fireEvent.click(within(row).getByRole('checkbox'));
    }
    fireEvent.click(button('Keep'));
    await waitFor(() => expect(of('runs.keep').map(({ path }) => path)).toHaveLength(2));
    fireEvent.click(button('Tag…'));
    const input = (await screen.findByDisplayValue('b')) as HTMLInputElement;
    fireEvent.input(input, { target: { value: 'paper, d' } });
    accept();
    await waitFor(() => expect(of('runs.tag')).toHaveLength(1));
    expect(of('runs.tag')[0]).toEqual({
      path: { runs: 'r3,r2' },
      query: { add: 'paper,d', remove: 'b' }
    });
    fireEvent.click(button('Delete…'));
    expect(await screen.findByText(/1 run has not ended and stays/)).toBeTruthy();
    accept();
    await waitFor(() => expect(runs.remove).toHaveBeenCalledWith('r2'));
    expect(of('runs.delete').map(({ path }) => path)).toEqual([{ run: 'r2' }]);
  });

  it('says that there are no runs, or why they cannot be listed', async () => {
    show([]);
    expect(await screen.findByText(/^No runs yet/)).toBeTruthy();
    cleanup();
    show([], { 'runs.list': new Error('No server.') });
    expect((await screen.findByRole('alert')).textContent).toContain('No server.');
    expect(button('Try Again')).toBeTruthy();
  });
});
