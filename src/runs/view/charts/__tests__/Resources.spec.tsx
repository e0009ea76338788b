import { nullTranslator } from '@jupyterlab/translation';
import { act, fireEvent, render, screen } from '@testing-library/react';
import { useState } from 'react';
import { fakeClient, settled } from '../../../../api/__tests__/fake';
import { RunDetail, Usage } from '../../../../api/types';
import { RunModel } from '../../../model/runModel';
import { IRunServices } from '../../../model/services';
import { RunContext } from '../../context/hooks';
import Resources from '../Resources';

const USED: Usage = {
  attempt: 2,
  done: false,
  started_at: '2030-01-01T00:00:00Z',
  seconds: [0, 1, 2],
  cores: [0, 1.5, 0.25],
  memory_bytes: [1024, 3 * 1024 ** 2, 2048],
  processes: [1, 3, 2],
  gpus: {},
  cpu_seconds: 1.75
};

let asked: string[];
let used: Usage;

function Held({ detail }: { detail: RunDetail }): JSX.Element {
  const [attempt, onAttempt] = useState(0);
  const model = { id: 'r' } as unknown as RunModel;
  const shared = { model, detail, step: 'a', onStep: jest.fn(), attempt, onAttempt };
  return <Resources {...shared} />;
}

async function show(state: string, attempts: number[] = [1]): Promise<void> {
  const client = fakeClient((_, url) => {
    asked.push(url);
    return used;
  });
  const task = { node: 'a', label: 'Train', state, attempts: attempts.map(number => ({ number })) };
  const detail = { run: { id: 'r' }, tasks: [task] } as unknown as RunDetail;
  const services = { yard: { client }, trans: nullTranslator.load('nbyard') };
  render(
    <RunContext.Provider value={services as unknown as IRunServices}>
      <Held detail={detail} />
    </RunContext.Provider>
  );
  await act(settled);
}

describe('R2: what a step used', () => {
  beforeEach(() => {
    asked = [];
    used = USED;
    jest.useFakeTimers();
    window.ResizeObserver = class {
      observe() {}
      unobserve() {}
      disconnect() {}
    };
  });
  afterEach(() => jest.useRealTimers());

  it('is drawn as lines with labelled axes, and told in words', async () => {
    await show('succeeded');
    const cpu = screen.getByRole('img', { name: 'CPU (cores) over time, maximum 1.5' });
    expect(cpu.querySelector('path')?.getAttribute('d')).toMatch(/^M.*L.*L/);
    expect(cpu.textContent).toContain('2 s');
    screen.getByRole('img', { name: 'Memory over time, maximum 3 MiB' });
    screen.getByText('1.8 s of CPU time · at most 3 MiB · at most 3 processes');
  });

  it('is a table on request', async () => {
    used = { ...USED, gpus: { G: { percent: [null, 40, 50], memory_bytes: [null, 1024, 0] } } };
    await show('succeeded');
    expect(screen.getAllByRole('img')).toHaveLength(4);
    fireEvent.click(screen.getByRole('button', { name: 'As Table' }));
    expect(screen.queryByRole('img')).toBeNull();
    const rows = screen.getAllByRole('row').map(row => [...row.children].map(c => c.textContent));
    expect(rows[0]).toEqual('After|CPU (cores)|Memory|GPU G|Memory of GPU G|Processes'.split('|'));
    expect(rows[1]).toEqual('0.0 s|0|1 KiB|||1'.split('|'));
    expect(rows[2]).toEqual('1.0 s|1.5|3 MiB|40 %|1 KiB|3'.split('|'));
  });

  it('is a table where it was too short for a line', async () => {
    used = { ...USED, seconds: [0, 0.3], cores: [0, 1], memory_bytes: [1, 2], processes: [1, 1] };
    await show('succeeded');
    expect(screen.queryByRole('img')).toBeNull();
    expect(screen.queryByRole('button', { name: 'As Table' })).toBeNull();
    expect(screen.getAllByRole('row')).toHaveLength(3);
  });

  it('is asked for again while the step runs, and not after', async () => {
    await show('running');
    const before = asked.length;
    for (const round of [1, 2]) {
      await act(async () => void jest.advanceTimersByTime(2100));
      expect(asked.length).toBe(before + round);
    }
  });

  it('stays as it is when the step is at its end', async () => {
    await show('succeeded');
    const before = asked.length;
    await act(async () => void jest.advanceTimersByTime(10_000));
    expect(asked.length).toBe(before);
  });

  it('can be that of an earlier attempt', async () => {
    await show('succeeded', [1, 2]);
    fireEvent.change(screen.getByLabelText('Attempt'), { target: { value: '1' } });
    await act(settled);
    expect(asked[asked.length - 1]).toContain('attempt=1');
  });

  it('says when nothing was recorded', async () => {
    used = { ...USED, done: true, seconds: [], cores: [], memory_bytes: [], processes: [] };
    await show('skipped', []);
    screen.getByText('No resource usage was recorded for this task.');
  });
});
