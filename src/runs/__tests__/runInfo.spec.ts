import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';
import { waitFor } from '@testing-library/react';
import { connect, IYard } from '../../api/yard';
import { event, fakeClient, FakeSocket, settled } from '../../api/__tests__/fake';
import { Run } from '../../api/types';
import { IChosenStep, IChosenSteps } from '../../canvas/model/tokens';
import { RunInfo } from '../runInfo';
import { IRunServices } from '../model/services';
import { shownRun } from '../model/shownRun';

let runs: Run[];
let yard: IYard;
let steps: IChosenSteps;
let runInfo: RunInfo;

function run(id: string, path: string): Run {
  return { id, path, number: 1, state: 'succeeded', title: id } as Run;
}

/** Newest first, as the server tells them. */
function serve(): void {
  const client = fakeClient((_, url) => {
    const { pathname, searchParams } = new URL(url);
    const id = /runs\/(\w+)\/tasks/.exec(pathname)?.[1];
    const wanted = searchParams.get('workflow');
    return id
      ? { run: runs.find(one => one.id === id), items: [], last: 1, next: null }
      : { items: runs.filter(({ path }) => !wanted || path === wanted), next: null };
  });
  yard = connect(client.settings);
}

async function opened(id: string): Promise<void> {
  runInfo.open(id);
  await settled();
}

async function starts(made: Run): Promise<void> {
  runs = [made, ...runs];
  yard.runs.put(made);
  await settled();
}

beforeEach(async () => {
  runs = [run('b2', 'b.nbflow'), run('a2', 'a.nbflow'), run('a1', 'a.nbflow')];
  serve();
  const chosen = new Signal<IChosenSteps, IChosenStep>({} as IChosenSteps);
  steps = { chosen, choose: step => chosen.emit(step), forgetTab: () => undefined };
  runInfo = new RunInfo({ yard, steps, trans: nullTranslator.load('nbyard') } as IRunServices);
  Widget.attach(runInfo, document.body);
  const loaded = yard.runs.start();
  FakeSocket.last.hello();
  await loaded;
});

afterEach(() => runInfo.dispose());

describe('K8: Run Info', () => {
  it('shows the newest run of the workflow that comes to the front', async () => {
    await opened('a1');
    steps.choose({ path: 'b.nbflow' });
    await settled();
    expect(runInfo.model?.id).toBe('b2');
    steps.choose({ path: 'a.nbflow', node: 'clean' });
    await settled();
    expect(runInfo.model?.id).toBe('a2');
  });

  it('names the shown run to other lists, until it is closed', async () => {
    await opened('a2');
    await starts(run('a3', 'a.nbflow'));
    expect(shownRun.id).toBe('a3');
    runInfo.dispose();
    expect(shownRun.id).toBeUndefined();
  });

  it('keeps to an older run of the workflow in front', async () => {
    await opened('a1');
    steps.choose({ path: 'a.nbflow' });
    await settled();
    expect(runInfo.model?.id).toBe('a1');
    await starts(run('a3', 'a.nbflow'));
    expect(runInfo.model?.id).toBe('a1');
  });

  it('shows no run of another workflow for one that never ran, until its first run', async () => {
    await opened('a1');
    const changed = jest.fn();
    runInfo.runChanged.connect(changed); // keeps the run for a reload
    steps.choose({ path: 'new.nbflow' });
    await settled();
    expect(runInfo.model).toBeUndefined();
    expect(shownRun.id).toBeUndefined();
    expect(changed).toHaveBeenCalledTimes(1);
    await waitFor(() => expect(runInfo.node.textContent).toBe('No runs yet.'));
    await starts(run('b3', 'b.nbflow'));
    expect(runInfo.model).toBeUndefined();
    await starts(run('n1', 'new.nbflow'));
    expect(runInfo.model?.id).toBe('n1');
    steps.choose({ path: 'other.nbflow' });
    await settled();
    steps.choose({ path: 'b.nbflow' });
    await settled();
    expect(runInfo.model?.id).toBe('b3');
  });

  it('restores the newest run after a reload, unless an older one was chosen', async () => {
    await opened('a1');
    expect(runInfo.follows).toBe(false);
    runInfo.open('a1', false);
    await starts(run('a3', 'a.nbflow'));
    expect(runInfo.model?.id).toBe('a1');
    await opened('a3');
    expect(runInfo.follows).toBe(true);
    runInfo.open('a2', true); // as before the reload, when it was the newest
    await settled();
    expect(runInfo.model?.id).toBe('a3');
  });

  it('goes on with a newer run, whoever started it', async () => {
    await opened('a2');
    await starts(run('b3', 'b.nbflow'));
    expect(runInfo.model?.id).toBe('a2');
    runs = [run('a3', 'a.nbflow'), ...runs];
    jest.useFakeTimers();
    FakeSocket.last.say({
      events: [event(2, 'run', 'a3', { state: 'queued' }, 'a3')],
      last: 2,
      refetch: false
    });
    jest.advanceTimersByTime(200);
    jest.useRealTimers();
    await settled();
    expect(runInfo.model?.id).toBe('a3');
  });
});
