import { nullTranslator } from '@jupyterlab/translation';
import { fakeClient } from '../../api/__tests__/fake';
import { IYard } from '../../api/yard';
import { runActions } from '../actions';

const task = (node: string, pinned: number | null) => ({ node, pinned, executable_id: 'e1' });
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
    const context = { commands: {} as never, yard, trans: nullTranslator.load('nbyard'), show };
    await runActions.rerunAnew(context, 'r7', false);
    const { path, parameters, runtime } = RUN;
    expect(asked).toEqual([{ path, parameters, runtime, force: true, pins: { train: '3' } }]);
    expect(show).toHaveBeenCalledWith('r8');
  });
});
