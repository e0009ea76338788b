import { nullTranslator } from '@jupyterlab/translation';
import { render, screen } from '@testing-library/react';
import { RunDetail } from '../../../../api/types';
import { RunModel } from '../../../model/runModel';
import { IRunServices } from '../../../model/services';
import { Gantt } from '../Gantt';
import { RunContext } from '../../context/hooks';

const at = (seconds: number) => new Date(1.9e12 + 1000 * seconds).toISOString();

function show(state: string, finished_at: string | null): void {
  const run = { id: 'r', state, created_at: at(0), finished_at };
  const task = { node: 'a', state, cached: true, queued_at: at(0.01), finished_at };
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
    expect(screen.getByText('all finished after 0.1 s')).toBeTruthy();
  });

  it('says no end of what still runs', () => {
    show('running', null);
    expect(screen.queryByText(/^all finished/)).toBeNull();
  });
});
