import { nullTranslator } from '@jupyterlab/translation';
import { Run } from '../../../api/types';
import { commitText, originText } from '../origins';

const trans = nullTranslator.load('nbyard');
const text = (cause: unknown) =>
  originText({ kind: 'trigger', cause } as unknown as Run['origin'], trans);
const file = (path: string) => ({ path, change: 'created' });

describe('what started a run of a trigger', () => {
  it.each([
    [undefined, 'Trigger'],
    [{ kind: 'dataset', dataset: 'sea', version: 3 }, 'Trigger: version 3 of dataset sea'],
    [
      { kind: 'workflow', number: 7, title: 'train', state: 'failed' },
      'Trigger: run 7 of train failed'
    ],
    [{ kind: 'file', files: [file('/in/a')], count: 1 }, 'Trigger: /in/a was created'],
    [
      { kind: 'file', files: [file('/a'), file('/b'), file('/c'), file('/d')], count: 12 },
      'Trigger: /a was created, /b was created, /c was created and 9 more files'
    ],
    [{ kind: 'webhook', webhook_id: 'm1' }, 'Trigger: webhook message m1'],
    [{ kind: 'fire', run_id: '' }, 'Trigger: fired by a person or program'],
    [{ kind: 'fire', run_id: 'r' }, 'Trigger: fired by a run']
  ])('is told: %j', (cause, expected) => {
    expect(text(cause)).toBe(expected);
  });
});

const commit = '1a2b3c4d5e6f';

describe('the commit of a run', () => {
  it.each([
    [null, ''],
    [{ commit, branch: 'main', is_dirty: false }, 'main 1a2b3c4d5e'],
    [{ commit, branch: 'main', is_dirty: true }, 'main 1a2b3c4d5e with uncommitted changes'],
    [{ commit, branch: '', is_dirty: false }, '1a2b3c4d5e']
  ])('%p reads %p', (git, text) => {
    expect(commitText({ git }, trans)).toBe(text);
  });
});
