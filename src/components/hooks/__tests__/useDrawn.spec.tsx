import { act, render, screen } from '@testing-library/react';
import { renderToString } from 'react-dom/server';
import { useDrawn } from '../useDrawn';

const drawn: number[] = [];

function Rows({ count }: { count: number }): JSX.Element {
  const shown = useDrawn(count);
  drawn.push(shown);
  return <output>{shown}</output>;
}

describe('rows that are drawn', () => {
  beforeEach(() => drawn.splice(0));

  it('are the first ones, then all', () => {
    render(<Rows count={100} />);
    expect([...new Set(drawn)]).toEqual([30, 100]);
  });

  it('are all of few, and all that come later', () => {
    const { rerender } = render(<Rows count={2} />);
    expect(drawn).toEqual([2]);
    act(() => rerender(<Rows count={500} />));
    expect(screen.getByText('500')).toBeTruthy();
    act(() => rerender(<Rows count={900} />));
    expect([...new Set(drawn)]).toEqual([2, 30, 500, 900]);
  });

  it('are the first ones while nothing was drawn', () => {
    expect(renderToString(<Rows count={100} />)).toContain('30');
  });
});
