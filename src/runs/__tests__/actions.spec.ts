import { screen, waitFor } from '@testing-library/react';
import { nullTranslator } from '@jupyterlab/translation';
import { fakeClient } from '../../api/__tests__/fake';
import { showProblem } from '../../components/problems';
import { IYard } from '../../api/yard';
import { Task } from '../../api/types';
import { IRunActionContext, runActions } from '../actions';
import { retriedVersions } from '../model/changedCode';

jest.mock('../../components/problems', () => ({ copyText: jest.fn(), showProblem: jest.fn() }));

const trans = nullTranslator.load('nbyard');
const task = (node: string, pinned: number | null) => ({ node, pinned, executable_id: 'e1' });
/** JupyterLab with a changed notebook. */
function lab(documents: readonly object[] = [], content = ''): IRunActionContext['app'] {
  return {
    shell: { widgets: (area: string) => (area === 'main' ? documents : []) },
    serviceManager: {
      contents: {
        driveName: () => '',
        localPath: (path: string) => path,
        get: async () => ({ content })
      }
    }
  } as never;
}

const RUN = { id: 'r7', path: 'flow.nbflow', parameters: { alpha: 2 }, runtime: 'docker' };

describe('run again', () => {
  it('K8: starts the same, pinned to what it was pinned to, also beyond the first page', async () => {
    const asked: unknown[] = [];
    const client = fakeClient(async (method, url, request) => {
      if (method === 'POST') {
        asked.push(await request.json());
        return { id: 'r8' };
      }
      return url.includes('after=clean')
        ? { run: RUN, items: [task('train', 3)], next: null, last: 1 }
        : { run: RUN, items: [task('clean', null)], next: 'clean', last: 1 };
    });
    const yard = { client, runs: { put: jest.fn() } } as unknown as IYard;
    const show = jest.fn();
    const context = { app: lab(), commands: {} as never, yard, trans, show };
    await runActions.rerunAnew(context, 'r7', {});
    const { path, parameters, runtime } = RUN;
    expect(asked).toEqual([{ path, parameters, runtime, force: true, pins: { train: '3' } }]);
    expect(show).toHaveBeenCalledWith('r8');
  });
});

describe('unsaved code', () => {
  const unsaved = (save: () => Promise<void>) => {
    const model = { dirty: true };
    const context = {
      path: 'clean.ipynb',
      model,
      save: async () => ((model.dirty = false), save())
    };
    return { context };
  };

  /** The requests that a command sends, with the versions of the executable as they are now. */
  async function act(
    verb: 'rerun' | 'retry',
    documents: readonly object[],
    version: string,
    state = 'failed',
    isKnown = false,
    content = ''
  ): Promise<string[]> {
    const asked: string[] = [];
    const failed = { ...task('clean', null), state, executable_version_id: 'v1' };
    const client = fakeClient((method, url) => {
      const { pathname } = new URL(url);
      if (method === 'POST') {
        asked.push(pathname.replace(/^.*\/nbyard\/(api\/)?/, ''));
        return { id: 'r8' };
      }
      return pathname.includes('executables')
        ? { path: 'clean.ipynb', changed: false, current: { id: version } }
        : { run: RUN, tasks: [failed], items: [failed], next: null, last: 1 };
    });
    const executables = { find: () => undefined };
    const yard = { client, executables, runs: { put: jest.fn() } } as unknown as IYard;
    const app = lab(documents, content);
    await runActions[verb]({ app, commands: {} as never, yard, trans, show: jest.fn() }, 'r7', {
      isKnown
    });
    return asked;
  }

  const press = async (label: string) => {
    const of = () => screen.queryByText(label, { selector: '.jp-Dialog-buttonLabel' });
    await waitFor(() => expect(of()).toBeTruthy());
    of()!.closest('button')!.click();
  };

  it('K5: is saved before a rerun', async () => {
    const save = jest.fn(async () => undefined);
    expect(await act('rerun', [unsaved(save)], 'v2')).toEqual(['runs']);
    expect(save).toHaveBeenCalledTimes(1);
  });

  it('K5: starts nothing if it cannot be saved', async () => {
    const save = async () => Promise.reject(new Error('disk full'));
    expect(await act('rerun', [unsaved(save)], 'v2')).toEqual([]);
    expect(await act('retry', [unsaved(save)], 'v2')).toEqual([]);
    expect(showProblem).toHaveBeenCalledWith(
      'Not started.',
      expect.objectContaining({ message: 'clean.ipynb is not saved.' }),
      trans
    );
  });

  it.each([
    ['Rerun With New Code', ['runs']],
    ['Retry With Old Code', ['runs/r7/retry']],
    ['Cancel', []]
  ])('K5: of a failed task is asked about before a retry: %s', async (label, requests) => {
    const answer = act('retry', [unsaved(async () => undefined)], 'v2');
    await waitFor(() => expect(screen.queryByText(/^Your changes are saved\./)).toBeTruthy());
    await press(label);
    expect(await answer).toEqual(requests);
  });

  it('K5: of a cancelled task is asked about before a retry', async () => {
    const answer = act('retry', [unsaved(async () => undefined)], 'v2', 'cancelled');
    await press('Rerun With New Code');
    expect(await answer).toEqual(['runs']);
  });

  it('K5: of other tasks does not hold up a retry', async () => {
    expect(await act('retry', [unsaved(async () => undefined)], 'v1')).toEqual(['runs/r7/retry']);
    expect(await act('retry', [unsaved(async () => undefined)], 'v2', 'succeeded')).toEqual([
      'runs/r7/retry'
    ]);
    expect(await act('retry', [], 'v2', 'failed', true)).toEqual(['runs/r7/retry']);
  });

  it('K5: of a node that is pinned to its version does not hold up a retry', async () => {
    const pinned = (version: string) =>
      JSON.stringify({ version: 1, nodes: { clean: { version }, other: {} } });
    expect(await act('retry', [], 'v2', 'failed', false, pinned('v1'))).toEqual(['runs/r7/retry']);
    const answer = act('retry', [], 'v2', 'failed', false, pinned('v2'));
    await press('Rerun With New Code');
    expect(await answer).toEqual(['runs']);
  });

  it('K5: is that of at most 8 versions, of failed tasks first', () => {
    const tasks = [...Array(20).keys()].map(at => ({
      executable_id: `e${at}`,
      executable_version_id: 'v',
      state: at === 19 ? 'failed' : at ? 'cancelled' : 'succeeded'
    }));
    const versions = retriedVersions(tasks as Task[]);
    expect(versions).toHaveLength(8);
    expect(versions.slice(0, 2)).toEqual(['e19 v', 'e1 v']);
  });

  it('R9: that another program saved is asked about, as the button does not show it yet', async () => {
    const answer = act('retry', [], 'v2');
    await press('Rerun With New Code');
    expect(await answer).toEqual(['runs']);
  });
});

describe('the deletion of a run', () => {
  it('names the run and the deployments of its models that keep running', async () => {
    const source = (run_id: string) => ({ model: { source: { run_id } } });
    const deployments = [
      { name: 'model', title: '', is_wanted: true, ...source('r7') },
      { name: 'stopped', title: '', is_wanted: false, ...source('r7') },
      { name: 'other', title: '', is_wanted: true, ...source('r6') },
      { name: 'image', title: '', is_wanted: true, model: null }
    ];
    const asked: string[] = [];
    const run = { ...RUN, number: 4, name: '', title: 'untitled' };
    const client = fakeClient((method, url) => {
      asked.push(method);
      return url.includes('/deployments') ? { items: deployments } : { run, items: [], last: 1 };
    });
    const remove = jest.fn();
    const yard = { client, runs: { remove } } as unknown as IYard;
    const context = { app: lab(), commands: {} as never, yard, trans, show: jest.fn() };
    const answer = runActions.remove(context, 'r7', {});
    await waitFor(() => screen.getByText('Delete run 4 of untitled?'));
    screen.getByText(/undone\. The deployment “model” keeps running without the run\.$/);
    screen.getByText('Delete', { selector: '.jp-Dialog-buttonLabel' }).closest('button')!.click();
    await answer;
    expect(asked).toContain('DELETE');
    expect(remove).toHaveBeenCalledWith('r7');
  });
});
