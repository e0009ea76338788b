import { nullTranslator } from '@jupyterlab/translation';
import { Activity, Task } from '../../../api/types';
import { respondingMonitors, silentMonitors } from '../monitors';

const trans = nullTranslator.load('nbyard');
const yard = { client: { settings: { baseUrl: 'http://here/user/ann/' } } } as Parameters<
  typeof respondingMonitors
>[0];
const running = { state: 'running' } as Task;

function activity(...links: NonNullable<Activity['links']>): Activity {
  return { run: 'r', node: 'a', attempt: 1, log_bytes: 0, done: 0, total: 0, links };
}

describe('links of a running step', () => {
  const web = { name: 'web', path: 'nbyard/attempts/1/web/', answers: true, reason: null };
  const board = {
    ...web,
    name: 'tensorboard',
    answers: false,
    reason: { code: 'tensorboard-missing', params: {} }
  };

  it('R16: are those that answer, below the base URL', () => {
    expect(respondingMonitors(yard, running, activity(web, board))).toEqual([
      { name: 'web', href: 'http://here/user/ann/nbyard/attempts/1/web/' }
    ]);
  });

  it('R16: are gone with it', () => {
    expect(respondingMonitors(yard, { state: 'succeeded' } as Task, activity(web))).toEqual([]);
    expect(respondingMonitors(yard, running, undefined)).toEqual([]);
  });

  it('R16: say why they never answer', () => {
    const words = silentMonitors(running, activity(web, board), trans);
    expect(words).toEqual([
      "no Monitor link tensorboard: TensorBoard was not found in the task's environment or with nbyard: run `pip install tensorboard`"
    ]);
    expect(silentMonitors({ state: 'failed' } as Task, activity(board), trans)).toEqual([]);
  });
});
