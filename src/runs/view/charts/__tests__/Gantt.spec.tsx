import { nullTranslator } from '@jupyterlab/translation';
import { render, screen } from '@testing-library/react';
import { RunDetail, Task } from '../../../../api/types';
import { showSeconds } from '../../../../components/format/times';
import { workSeconds } from '../../../model/reducer';
import { RunModel } from '../../../model/runModel';
import { IRunServices } from '../../../model/services';
import { Gantt } from '../Gantt';
import { RunContext } from '../../context/hooks';

const at = (seconds: number) => new Date(1.9e12 + 1000 * seconds).toISOString();

function show(
  state: string,
  finished_at: string | null,
  times: object = { cached: true },
  more: object = {}
): void {
  const run = { id: 'r', state, created_at: at(0), started_at: at(0.005), finished_at, ...more };
  const task = { node: 'a', state, queued_at: at(0.01), finished_at, ...times };
  const detail = { run, tasks: [task] } as unknown as RunDetail;
  const yard = { stream: {} };
  const services = { trans: nullTranslator.load('nbyard'), yard } as IRunServices;
  const model = {} as RunModel;
  const step = { step: undefined, onStep: jest.fn(), attempt: 0, onAttempt: jest.fn() };
  render(
    <RunContext.Provider value={services}>
      <Gantt model={model} detail={detail} {...step} />
    </RunContext.Provider>
  );
}

describe('K5: a run over time', () => {
  beforeAll(() => {
    global.ResizeObserver = class {
      observe = jest.fn();
      disconnect = jest.fn();
    } as unknown as typeof ResizeObserver;
  });

  it('says how short all of it was', () => {
    show('succeeded', at(0.03));
    expect(screen.getByText(/^The run took 0.0 s/)).toBeTruthy();
  });

  it('shows the duration of a task as the list of tasks, and that of the run as the header', () => {
    const attempt = { number: 1, state: 'succeeded', created_at: at(1), started_at: at(2) };
    const ends = { working_at: at(4), finished_at: at(8), published_at: at(8.5) };
    const times = { cached: false, started_at: at(2), attempts: [{ ...attempt, ...ends }] };
    show('succeeded', at(9), times);
    const task = { state: 'succeeded', finished_at: at(9), ...times } as unknown as Task;
    const duration = showSeconds(workSeconds(task, 0));
    expect(duration).toBe('7.0 s');
    expect(document.querySelector('.nby-Gantt-time')!.textContent).toBe(duration);
    expect(screen.getByText(/^The run took 9.0 s/)).toBeTruthy();
  });

  it('has one duration of the run, also if it waited before', () => {
    const detail = { created_at: at(0), started_at: at(1.1), finished_at: at(1.6) };
    show('succeeded', at(1.6), { cached: true, queued_at: at(1.1) }, detail);
    expect(screen.getByText(/^The run took 0.5 s/)).toBeTruthy();
    expect(screen.getByText('before the run started (1.1 s)')).toBeTruthy();
    expect(document.body.textContent).not.toContain('1.6 s');
  });

  it('says no end of what still runs', () => {
    show('running', null);
    expect(screen.queryByText(/^The run took/)).toBeNull();
  });
});
