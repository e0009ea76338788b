import { Signal } from '@lumino/signaling';
import { ApiError } from '../../../api/client';
import { codeDescribed } from '../../../api/documents/codeDescribed';
import { bench, IBench, NOTHING } from '../../model/__tests__/fakes';
import { findNode } from '../../commands/prompts';
import { IForecast } from '../../model/tokens';
import { cardLabel } from '../../model/texts';
import { Forecast } from '../forecast';
import { showForecast } from '../showForecast';

jest.useFakeTimers();

const SOME: IForecast = {
  cached: 1,
  toRun: 2,
  isMaximum: true,
  took: '4 min',
  waits: '',
  reasons: new Map([
    ['clean', 'its code changed'],
    ['train', 'clean.ipynb must run first']
  ])
};

async function open(answer: IForecast = SOME) {
  const one = await bench();
  one.backend.answer = async () => answer;
  const place = document.createElement('span');
  const forecast = new Forecast(one.canvas, place);
  await pass();
  const node = place.querySelector('button')!;
  const status = place.querySelector('[role="status"]')!;
  return { ...one, node, place, status, forecast };
}

async function pass(): Promise<void> {
  await jest.advanceTimersByTimeAsync(1000);
}

/** Let the newest run have that state. */
function runIs({ runs }: IBench, state: string): void {
  Object.assign(runs, { run: { id: 'r', state } });
  runs.changed.emit(undefined);
}

describe('K15: what would run', () => {
  it.each([
    [SOME, '1 cached, up to 2 will run, about 4 min'],
    [{ ...SOME, isMaximum: false, cached: 0, took: '' }, '2 will run'],
    [
      { ...SOME, isMaximum: false, waits: 'waits for 1 of 1 GPUs' },
      '1 cached, 2 will run, about 4 min, waits for 1 of 1 GPUs'
    ],
    [NOTHING, 'All 2 cached']
  ])('is said in a few words', async (answer, text) => {
    const { node } = await open(answer);
    expect(node.textContent).toBe(text);
  });

  it('lists in its tooltip what will run and why', async () => {
    const { node } = await open();
    const [, ...lines] = node.title.split('\n');
    expect(lines).toEqual([
      'clean.ipynb: its code changed',
      'train.ipynb: clean.ipynb must run first'
    ]);
    const reasons = new Map(Array.from({ length: 15 }, (_, at) => [`n${at}`, 'its code changed']));
    const many = await open({ ...SOME, reasons });
    expect(many.node.title.split('\n')).toHaveLength(14);
    expect(many.node.title).toMatch(/and 3 more$/);
  });

  it('is a button that lists the nodes, and focuses the chosen one', async () => {
    const { canvas, node, status, executed } = await open();
    expect([node.hidden, status.textContent]).toEqual([false, node.textContent]);
    node.click();
    expect(executed).toEqual([['nbyard:show-forecast', undefined]]);
    const showing = showForecast(canvas);
    const { items, done } = canvas.ui.picker!;
    expect(items).toEqual([
      { id: 'clean', label: 'clean.ipynb', detail: 'its code changed' },
      { id: 'train', label: 'train.ipynb', detail: 'clean.ipynb must run first' }
    ]);
    done(items[1]);
    await showing;
    expect([canvas.store.focused, canvas.store.selected]).toEqual(['train', ['train']]);
  });

  it('lists no node if all are cached or nothing is known', async () => {
    const { canvas } = await open(NOTHING);
    await showForecast(canvas);
    expect(canvas.ui.notice!.text).toContain('cache');
    canvas.views.forecast = undefined;
    await showForecast(canvas);
    expect([canvas.ui.picker, canvas.ui.notice!.text]).toEqual([
      undefined,
      'What would run is not known yet, or the workflow cannot run.'
    ]);
  });

  it('is asked again after an edit, and for the newest document only', async () => {
    const { canvas, backend, node, settle } = await open();
    expect(backend.forecasts).toHaveLength(1);
    const ends: ((found: IForecast) => void)[] = [];
    backend.answer = () => new Promise(resolve => void ends.push(resolve));
    canvas.doc.setField('clean', 'label', 'Tidy');
    await settle();
    await pass();
    canvas.doc.setField('clean', 'label', 'Tidier');
    await settle();
    expect(backend.forecasts[1].signal.aborted).toBe(true);
    ends[0](NOTHING);
    await pass();
    expect(node.textContent).toBe('1 cached, up to 2 will run, about 4 min');
    ends[1](NOTHING);
    await pass();
    expect(node.textContent).toBe('All 2 cached');
    expect(backend.forecasts.map(({ document }) => document.nodes.clean.label)).toEqual([
      undefined,
      'Tidy',
      'Tidier'
    ]);
  });

  it('is dimmed from the edit until the new answer', async () => {
    const { canvas, node, place, settle, forecast } = await open();
    const isOld = () => place.classList.contains('nby-mod-old');
    expect(isOld()).toBe(false);
    canvas.doc.move([['clean', [0, 500]]]);
    expect(isOld()).toBe(false);
    canvas.doc.setField('clean', 'label', 'Tidy');
    expect([isOld(), node.textContent]).toEqual([true, '1 cached, up to 2 will run, about 4 min']);
    await settle();
    expect(isOld()).toBe(true);
    await pass();
    expect(isOld()).toBe(false);
    forecast.ask();
    expect(isOld()).toBe(true);
  });

  it('is asked again when another tab saved a file', async () => {
    const { canvas, backend } = await open();
    const changed = canvas.contents.fileChanged as unknown as Signal<unknown, { type: string }>;
    changed.emit({ type: 'rename' });
    await pass();
    expect(backend.forecasts).toHaveLength(1);
    changed.emit({ type: 'save' });
    await pass();
    expect(backend.forecasts).toHaveLength(2);
  });

  it('is asked again, after a check, when Run Info declared files of code', async () => {
    const { backend } = await open();
    codeDescribed.emit();
    await pass();
    expect(backend.forecasts).toHaveLength(2);
  });

  it('is not asked for a workflow of data', async () => {
    const { canvas, backend, node } = await open();
    canvas.doc.remove(['clean', 'train'], []);
    await pass();
    expect([backend.forecasts.length, node.textContent]).toEqual([1, '']);
  });

  it('is neither asked nor shown while a run is live, the canvas is hidden or cannot run', async () => {
    const one = await open();
    const { canvas, backend, node, forecast } = one;
    runIs(one, 'running');
    expect([node.textContent, node.title]).toEqual(['', '']);
    forecast.ask();
    await pass();
    runIs(one, 'succeeded');
    forecast.isShown = false;
    await pass();
    expect(backend.forecasts).toHaveLength(1);
    forecast.isShown = true;
    await pass();
    expect(backend.forecasts).toHaveLength(2);
    backend.problems = [{ message: 'No file.' }];
    canvas.checker.ask(0);
    await pass();
    expect([backend.forecasts.length, node.textContent]).toEqual([2, '']);
  });

  it('shows nothing after a refusal', async () => {
    const { canvas, backend, node } = await open();
    backend.answer = async () => {
      throw new Error('Choose a value.');
    };
    canvas.checker.ask(0);
    await pass();
    expect([node.textContent, node.title]).toEqual(['', '']);
  });

  it('is asked again while an earlier question is answered, and keeps what it shows', async () => {
    const { canvas, backend, node } = await open();
    const answers = [NOTHING];
    backend.answer = async () => {
      throw new ApiError(503, 'busy', 'Another forecast is under way.');
    };
    canvas.checker.ask(0);
    await jest.advanceTimersByTimeAsync(600);
    expect(backend.forecasts).toHaveLength(2);
    expect(node.textContent).toBe('1 cached, up to 2 will run, about 4 min');
    backend.answer = async () => answers.pop()!;
    await pass();
    expect(backend.forecasts).toHaveLength(3);
    expect(node.textContent).toBe('All 2 cached');
  });

  it('is no reason for the mark of a map of which only failed elements would run', async () => {
    const own = new Map([['clean', { cached: 2, total: 3 }]]);
    const { canvas, runs } = await open({ ...SOME, elements: own });
    const set = (total: number, succeeded: number) => {
      const counts = { waiting: 0, running: 0, failed: total - succeeded, skipped: 0, succeeded };
      runs.states.set('clean', { state: 'succeeded', elements: { total, counts } });
      runs.changed.emit(undefined);
      return canvas.views.staleOf('clean');
    };
    expect(set(3, 2)).toBeUndefined();
    expect(set(3, 3)).toBe('its code changed');
    expect(set(2, 2)).toBe('its code changed');
  });

  it('marks cards whose result would not be used', async () => {
    const one = await open();
    const { canvas, runs } = one;
    expect(canvas.views.get('clean')!.stale).toBeUndefined();
    runs.states.set('clean', { state: 'succeeded' });
    runs.states.set('train', { state: 'failed' });
    runIs(one, 'failed');
    const view = canvas.views.get('clean')!;
    expect(view.stale).toBe('its code changed');
    expect(cardLabel(view, canvas.trans)).toContain('stale, will run: its code changed');
    void findNode(canvas);
    const found = canvas.ui.picker!.items.filter(({ detail }) => detail?.includes('is:stale'));
    expect(found.map(({ id }) => id)).toEqual(['clean']);
    one.backend.answer = async () => NOTHING;
    one.forecast.ask();
    await pass();
    expect(canvas.views.get('clean')!.stale).toBeUndefined();
  });

  it('asks no more once it is disposed', async () => {
    const { canvas, backend, forecast } = await open();
    forecast.ask();
    forecast.dispose();
    canvas.dispose();
    await pass();
    expect(backend.forecasts).toHaveLength(1);
  });
});
