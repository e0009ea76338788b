import { nullTranslator } from '@jupyterlab/translation';
import { Run } from '../../../api/types';
import { commitText, originText } from '../origins';

const trans = nullTranslator.load('nbyard');
const text = (cause: unknown) =>
  originText({ kind: 'automation', cause } as unknown as Run['origin'], trans);
const file = (path: string) => ({ path, change: 'created' });

it('names the sample of cached nodes', () => {
  expect(originText({ kind: 'recheck' } as Run['origin'], trans)).toBe('Nightly sample');
});

describe('what started a run of an automation', () => {
  it.each([
    [undefined, 'Automation'],
    [{ kind: 'dataset', dataset: 'sea', version: 3 }, 'Automation: version 3 of dataset sea'],
    [
      { kind: 'run', number: 7, title: 'train', state: 'failed' },
      'Automation: run 7 of train failed'
    ],
    [{ kind: 'file', files: [file('/in/a')], count: 1 }, 'Automation: /in/a was created'],
    [
      { kind: 'file', files: [file('/a'), file('/b'), file('/c'), file('/d')], count: 12 },
      'Automation: /a was created, /b was created, /c was created and 9 more files'
    ],
    [{ kind: 'webhook', webhook_id: 'm1' }, 'Automation: webhook message m1'],
    [{ kind: 'fire', run_id: '' }, 'Automation: fired by a person or program'],
    [{ kind: 'fire', run_id: 'r' }, 'Automation: fired by a run']
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
