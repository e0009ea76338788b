import { nullTranslator } from '@jupyterlab/translation';
import { act, fireEvent, render, screen } from '@testing-library/react';
import { Away } from '../Away';
import { Boundary } from '../Boundary';

const trans = nullTranslator.load('nbyard');

describe('R10: while the server is away', () => {
  beforeEach(() => jest.useFakeTimers({ now: Date.parse('2030-01-01T00:00:10Z') }));
  afterEach(() => jest.useRealTimers());

  it('says how old what is shown is, and nothing when it is there', () => {
    const since = Date.parse('2030-01-01T00:00:05Z');
    const { rerender, container } = render(<Away since={since} trans={trans} />);
    expect(container.textContent).toContain('5 s ago');
    act(() => void jest.advanceTimersByTime(65_000));
    expect(container.textContent).toContain('1:10 ago');
    rerender(<Away since={undefined} trans={trans} />);
    expect(container.textContent).toBe('');
  });
});

describe('a part that cannot be drawn', () => {
  it('says so, leaves the rest, and is tried again', () => {
    const quiet = jest.spyOn(console, 'error').mockImplementation();
    let broken = true;
    const Part = () => {
      if (broken) {
        throw new Error('no cells');
      }
      return <b>drawn</b>;
    };
    render(
      <div>
        beside
        <Boundary trans={trans}>
          <Part />
        </Boundary>
      </div>
    );
    expect(screen.getByRole('alert').textContent).toContain('no cells');
    expect(screen.getByText('beside')).toBeTruthy();
    broken = false;
    fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
    expect(screen.getByText('drawn')).toBeTruthy();
    quiet.mockRestore();
  });
});
