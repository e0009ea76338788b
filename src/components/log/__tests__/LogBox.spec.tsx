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
});
