/** The parts of a view that follows its end until the user scrolls up. */
import { KeyboardEvent, WheelEvent } from 'react';

interface IFollowSwitchProps {
  label: string;
  follow: boolean;
  onChange: (follow: boolean) => void;
}

export function FollowSwitch({ label, follow, onChange }: IFollowSwitchProps): JSX.Element {
  return (
    <label>
      <input type="checkbox" checked={follow} onChange={event => onChange(event.target.checked)} />{' '}
      {label}
    </label>
  );
}

/** Return the handlers of a text that notice that the user scrolls up. */
export function scrolledUp(stop: () => void) {
  return {
    onWheel: (event: WheelEvent) => void (event.deltaY < 0 && stop()),
    onKeyDown: (event: KeyboardEvent) =>
      void (['ArrowUp', 'PageUp', 'Home'].includes(event.key) && stop())
  };
}
