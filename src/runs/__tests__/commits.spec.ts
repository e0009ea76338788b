import { nullTranslator } from '@jupyterlab/translation';
import { commitText } from '../model/commits';

const trans = nullTranslator.load('nbyard');
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
