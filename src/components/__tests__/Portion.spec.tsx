import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render, screen } from '@testing-library/react';
import { PORTION, PortionBar, usePortion } from '../Portion';

const trans = nullTranslator.load('nbyard');

function List({ count, chosen }: { count: number; chosen?: string }) {
  const all = Array.from({ length: count }, (_, index) => `s${index}`);
  const portion = usePortion(all, item => item, chosen);
  return (
    <div>
      <PortionBar portion={portion} trans={trans} />
      <span data-testid="items">{portion.items.join()}</span>
    </div>
  );
}

const items = () => screen.getByTestId('items').textContent!.split(',');

describe('a long list', () => {
  it('is shown whole while it is no long one', () => {
    render(<List count={PORTION} />);
    expect(items()).toHaveLength(PORTION);
    expect(screen.queryByRole('group')).toBeNull();
  });

  it('F26: is shown in parts, and the part follows what is chosen', () => {
    const { rerender } = render(<List count={1000} />);
    expect([items().length, items()[0]]).toEqual([PORTION, 's0']);
    fireEvent.click(screen.getByText('Next'));
    expect(items()[0]).toBe('s200');
    fireEvent.click(screen.getByText('Last'));
    expect(items()[PORTION - 1]).toBe('s999');
    rerender(<List count={1000} chosen="s450" />);
    expect(items()).toContain('s450');
    expect(screen.getByRole('status').textContent).toBe('401–600 of 1000');
    fireEvent.click(screen.getByText('First'));
    expect(items()[0]).toBe('s0');
  });
});
