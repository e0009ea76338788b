import { nullTranslator } from '@jupyterlab/translation';
import { ExecutableVersion } from '../../../api/types';
import { whatIsNew } from '../Versions';

const trans = nullTranslator.load('nbyard');

describe('E9: what is new in a version', () => {
  const first = {
    kind: 'notebook',
    content_digest: 'a',
    bundle_digest: 'b',
    arguments: [],
    command: [],
    resources: {}
  } as unknown as ExecutableVersion;

  it.each<[string, Partial<ExecutableVersion>]>([
    ['code', { content_digest: 'c', bundle_digest: 'd' }],
    ['other files of the bundle', { bundle_digest: 'd' }],
    ['description', { command: ['x'], bundle_digest: 'd' }],
    ['code, description', { content_digest: 'c', command: ['x'] }],
    ['', {}]
  ])('is %s', (said, change) =>
    expect(whatIsNew({ ...first, ...change }, first, trans)).toBe(said)
  );

  it('is nothing in the first', () => expect(whatIsNew(first, undefined, trans)).toBe(''));
});
