import { Signal } from '@lumino/signaling';
import { act, render, screen } from '@testing-library/react';
import { RunDetail } from '../../../api/types';
import { IRunServices } from '../../model/services';
import { useChangedCode } from '../context/changedCode';
import { RunContext } from '../context/hooks';

function Shown({ detail }: { detail: RunDetail }): JSX.Element {
  return <p>{useChangedCode(detail) ? 'changed' : 'same'}</p>;
}

/** The open notebook beside the workflow. */
const model = { dirty: false, readOnly: false, stateChanged: new Signal<object, void>({}) };
const currentChanged = new Signal<object, void>({});
const open = { context: { path: 'n.ipynb', model } };
const opened: object[] = [open];
const app = {
  shell: { currentChanged, widgets: (area: string) => (area === 'main' ? opened : []) },
  serviceManager: {
    contents: {
      driveName: () => '',
      localPath: (path: string) => path,
      get: async () => ({ content: '{"version": 1, "nodes": {"n": {"path": "n.ipynb"}}}' })
    }
  }
};
const fileChanged = new Signal<unknown, { type: string }>({});
const failed = { node: 'n', state: 'failed', executable_id: 'e', executable_version_id: 'v1' };

async function look(
  tasks: object[],
  answer: object | Error,
  state = 'failed',
  content = ''
): Promise<jest.Mock> {
  const call = jest.fn(async () => {
    if (answer instanceof Error) {
      throw answer;
    }
    return answer;
  });
  const [events, refetch] = [new Signal<unknown, unknown>({}), new Signal<unknown, void>({})];
  const stream = { events, refetch, start: async () => undefined };
  const yard = { client: { call }, stream };
  const contents = { fileChanged, get: async () => ({ content }) };
  const services = { app, yard, contents } as unknown as IRunServices;
  const detail = { run: { id: 'r', state, path: 'a.nbflow' }, tasks } as unknown as RunDetail;
  await act(async () => {
    render(
      <RunContext.Provider value={services}>
        <Shown detail={detail} />
      </RunContext.Provider>
    );
  });
  return call;
}

describe('K5: the code of a failed task', () => {
  it.each([
    { changed: true, current: { id: 'v1' } },
    { changed: false, current: { id: 'v2' } }
  ])('is old after %j', async answer => {
    const call = await look([failed, failed, { ...failed, state: 'succeeded' }], answer);
    expect(screen.getByText('changed')).toBeTruthy();
    expect(call.mock.calls).toEqual([['executables.get', { path: { executable: 'e' } }]]);
  });

  it.each([{ changed: false, current: { id: 'v1' } }, new Error('gone')])(
    'is that of now after %j',
    async answer => {
      await look([failed], answer);
      expect(screen.getByText('same')).toBeTruthy();
    }
  );

  it('is that of now if the workflow pins the node to it', async () => {
    const flow = JSON.stringify({ version: 1, nodes: { n: { version: 'v1' } } });
    await look([failed], { changed: false, current: { id: 'v2' } }, 'failed', flow);
    expect(screen.getByText('same')).toBeTruthy();
  });

  it('is looked at again when a file is saved, and when the window is used again', async () => {
    const answer = { changed: false, current: { id: 'v1' } };
    const call = await look([failed], answer);
    fileChanged.emit({ type: 'rename' });
    expect(call).toHaveBeenCalledTimes(1);
    answer.changed = true;
    await act(async () => fileChanged.emit({ type: 'save' }));
    expect(screen.getByText('changed')).toBeTruthy();
    answer.changed = false;
    await act(async () => void window.dispatchEvent(new Event('focus')));
    expect(screen.getByText('same')).toBeTruthy();
  });

  it('is old as soon as an open document that a rerun saves has changes', async () => {
    opened.pop();
    await look([failed], { changed: false, current: { id: 'v1' } });
    opened.push(open);
    await act(async () => currentChanged.emit());
    model.dirty = true;
    await act(async () => model.stateChanged.emit());
    expect(screen.getByText('changed')).toBeTruthy();
    model.dirty = false;
    await act(async () => model.stateChanged.emit());
    expect(screen.getByText('same')).toBeTruthy();
  });

  it('is not asked about while the run is live, or without failed tasks', async () => {
    const answer = { changed: true, current: { id: 'v2' } };
    expect(await look([failed], answer, 'running')).not.toHaveBeenCalled();
    expect(await look([{ ...failed, state: 'cancelled' }], answer)).not.toHaveBeenCalled();
  });
});
