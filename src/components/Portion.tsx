import { TranslationBundle } from '@jupyterlab/translation';
import { useMemo, useState } from 'react';
import { Button } from './Button';

/** How many rows are drawn at once; buttons show the others. */
export const PORTION = 200;

export interface IPortion<T> {
  items: readonly T[];
  /** The place of the first item among all. */
  start: number;
  all: number;
  go: (start: number) => void;
}

/** Return the visible part of a long list; it starts at 0 and follows the selection. */
export function usePortion<T>(
  all: readonly T[],
  idOf: (item: T) => string,
  chosen: string | undefined
): IPortion<T> {
  const [at, setAt] = useState<{ start: number; chosen?: string }>({ start: 0 });
  let { start } = at;
  if (all.length > PORTION && chosen !== at.chosen) {
    const place = all.findIndex(item => idOf(item) === chosen);
    if (place >= 0 && (place < start || place >= start + PORTION)) {
      start = Math.floor(place / PORTION) * PORTION;
    }
    setAt({ start, chosen });
  }
  start = start < all.length ? start : 0;
  const items = useMemo(
    () => (all.length > PORTION ? all.slice(start, start + PORTION) : all),
    [all, start]
  );
  return { items, start, all: all.length, go: next => setAt({ start: next, chosen }) };
}

interface IPortionBarProps {
  portion: IPortion<unknown>;
  trans: TranslationBundle;
}

/** Shows which part is visible, with buttons for others; nothing for a short list. */
export function PortionBar({ portion, trans }: IPortionBarProps): JSX.Element | null {
  const { start, all, items, go } = portion;
  if (items.length === all) {
    return null;
  }
  const end = start + items.length;
  const last = Math.floor((all - 1) / PORTION) * PORTION;
  const step = (label: string, to: number, disabled: boolean) => (
    <Button disabled={disabled} onClick={() => go(to)}>
      {label}
    </Button>
  );
  return (
    <div className="nby-Bar" role="group" aria-label={trans.__('Part of the list')}>
      <span role="status">{trans.__('%1–%2 of %3', start + 1, end, all)}</span>
      {step(trans.__('First'), 0, start === 0)}
      {step(trans.__('Previous'), start - PORTION, start === 0)}
      {step(trans.__('Next'), start + PORTION, end === all)}
      {step(trans.__('Last'), last, end === all)}
    </div>
  );
}
