import { withoutSecrets } from '../usePackagesDraft';

describe('S1: packages in a draft', () => {
  it('are stored without addresses that may contain a password or a token', () => {
    const lines = [
      'pandas>=2',
      '--index-url https://ada:secret@host/simple',
      'https://host/x.whl?sig=abc',
      '--extra-index-url https://host/simple',
      'six # a?b@c'
    ];
    const kept = ['pandas>=2', '--extra-index-url https://host/simple', 'six # a?b@c'];
    expect(withoutSecrets(lines.join('\n'))).toBe(kept.join('\n'));
  });
});
