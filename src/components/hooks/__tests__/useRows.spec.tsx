import { act, cleanup, render } from '@testing-library/react';
import { startTransition, useReducer, useRef } from 'react';
import { flushSync } from 'react-dom';
import { IRows, rowsOf, useRows } from '../useRows';

let rows: IRows;

function Box({ count, isDrawn = true }: { count: number; isDrawn?: boolean }): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  rows = useRows(box, count, 10, 2);
  return <>{isDrawn && <div ref={box} data-testid="box" />}</>;
}

const drawn = () => [rows.first, rows.end];

function scroll(box: HTMLElement, top: number): void {
  box.scrollTop = top;
  act(() => void box.dispatchEvent(new Event('scroll')));
}

describe('the rows in view', () => {
  beforeEach(() => {
    jest.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(95);
  });
  afterEach(() => {
    cleanup();
    jest.restoreAllMocks();
  });

  it('are drawn with some before and after, and follow the scrolling', () => {
    const { getByTestId } = render(<Box count={1000} />);
    expect(drawn()).toEqual([0, 12]);
    scroll(getByTestId('box'), 504);
    expect(drawn()).toEqual([48, 62]);
    expect(rowsOf(rows)).toHaveLength(14);
    scroll(getByTestId('box'), 10_000 - 95);
    expect(drawn()).toEqual([988, 1000]);
  });

  it('are drawn once for each change while another change waits', () => {
    let drawn = 0;
    let draw: () => void = () => undefined;
    function Busy(): JSX.Element {
      const [count, grow] = useReducer((now: number) => now + 1, 1000);
      const box = useRef<HTMLDivElement>(null);
      rows = useRows(box, count, 10, 2);
      drawn++;
      draw = grow;
      return <div ref={box} data-testid="box" />;
    }
    const { getByTestId } = render(<Busy />);
    const before = drawn;
    act(() => {
      startTransition(() => draw()); // waits for the scrolling
      getByTestId('box').scrollTop = 504;
      flushSync(() => void getByTestId('box').dispatchEvent(new Event('scroll')));
      expect(drawn).toBe(before + 1);
    });
    expect(rows.first).toBe(48);
  });

  it('are none beyond the last one', () => {
    const { getByTestId, rerender } = render(<Box count={1000} />);
    scroll(getByTestId('box'), 5000);
    rerender(<Box count={3} />);
    expect(drawn()).toEqual([3, 3]);
    scroll(getByTestId('box'), 0);
    expect(drawn()).toEqual([0, 3]);
    rerender(<Box count={0} />);
    expect(rowsOf(rows)).toEqual([]);
  });

  it('are known once the box is drawn', () => {
    const { rerender } = render(<Box count={1000} isDrawn={false} />);
    expect(drawn()).toEqual([0, 2]);
    rerender(<Box count={1000} />);
    expect(drawn()).toEqual([0, 12]);
  });

  it('are scrolled to the start, the middle or the end', () => {
    const { getByTestId } = render(<Box count={1000} />);
    const box = getByTestId('box');
    const places = [
      ['start', 5000, [498, 512]],
      ['center', 4957.5, [493, 508]],
      ['end', 4915, [489, 503]]
    ] as const;
    for (const [place, top, seen] of places) {
      act(() => rows.scrollTo(500, place));
      expect(box.scrollTop).toBe(top);
      expect(drawn()).toEqual(seen);
    }
  });
});
