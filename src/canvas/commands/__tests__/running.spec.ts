import { fireEvent, waitFor } from '@testing-library/react';
import { run } from '../running';
import { bench, IBench } from '../../model/__tests__/fakes';

let one: IBench;

beforeEach(async () => {
  jest.useFakeTimers();
  one = await bench('work/flow.nbflow');
  jest.useRealTimers();
});

afterEach(() => one.canvas.dispose());

const accept = () => document.querySelector('.jp-Dialog-button.jp-mod-accept');

describe('K7: a workflow with a parameter that has no default', () => {
  it('asks for it however it is run, beginning with the last value', async () => {
    const { canvas, backend } = one;
    canvas.doc.meta.set('parameters', { who: { type: 'string' } });
    backend.last = { who: 'Ann' };
    canvas.store.select(['clean']);
    const answer = run(canvas, 'selected', { force: true });
    await waitFor(() => expect(accept()).toBeTruthy());
    expect(backend.runs).toEqual([]);
    fireEvent.click(accept()!);
    expect(await answer).toBe('run-1');
    expect(backend.runs[0].selection).toMatchObject({
      mode: 'selected',
      nodes: ['clean'],
      parameters: { who: 'Ann' },
      force: true
    });
  });

  it('is not asked for where it has one', async () => {
    const { canvas, backend } = one;
    canvas.doc.meta.set('parameters', { who: { type: 'string', default: 'Ann' } });
    expect(await run(canvas, 'to')).toBeUndefined();
    canvas.store.select(['clean']);
    expect(await run(canvas, 'to')).toBe('run-1');
    expect(backend.runs[0].selection.parameters).toBeUndefined();
  });
});

describe('K15: Check Run', () => {
  it('asks for a sample, and says so', async () => {
    const { canvas, backend } = one;
    expect(await run(canvas, 'all', { sample: { rows: 5 } })).toBe('run-1');
    expect(backend.runs[0].selection).toMatchObject({ mode: 'all', sample: { rows: 5 } });
    expect(canvas.ui.notice?.text).toContain('sample of the data');
  });
});
