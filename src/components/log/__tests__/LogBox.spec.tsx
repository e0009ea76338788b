import { nullTranslator } from '@jupyterlab/translation';
import { render, screen } from '@testing-library/react';
import { LogBox } from '../LogBox';

const trans = nullTranslator.load('nbyard');

describe('L4: the log of an image', () => {
  it('has the words of a terminal without its codes', () => {
    const lines = ['\u001b[91mE: no package\u001b[0m', '\u001b[2K\u001b[?25lfetched [1] of [2]'];
    render(<LogBox lines={lines} problem="" label="Log" isLive={false} trans={trans} />);
    expect(screen.getByRole('log').textContent).toBe('E: no package\nfetched [1] of [2]');
  });

  it('folds a line of millions of characters', () => {
    const lines = ['first', 'x'.repeat(3_900_000), 'last'];
    render(<LogBox lines={lines} problem="" label="Log" isLive={false} trans={trans} />);
    const shown = screen.getByRole('log').textContent!.split('\n');
    expect(shown.map(line => line.length < 20_000)).toEqual([true, true, true]);
    expect([shown[0], shown[2]]).toEqual(['first', 'last']);
    expect(shown[1]).toContain('3890000');
  });
});
