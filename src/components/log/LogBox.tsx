import { TranslationBundle } from '@jupyterlab/translation';
import { KeyboardEvent, ReactNode, useEffect, useRef, useState, WheelEvent } from 'react';
import { foldedLine } from '../format/foldedLine';
import { plainText } from '../format/plainText';
import { copyText } from '../problems';
import { Button, CheckBox } from '../Button';

interface ILogBoxProps {
  lines: readonly string[];
  /** Why the log may be incomplete. */
  problem: string;
  label: string;
  isLive: boolean;
  trans: TranslationBundle;
  /** Shown at the top. */
  children?: ReactNode;
}

/** A log that follows its end until the user scrolls up. */
export function LogBox(props: ILogBoxProps): JSX.Element {
  const { lines, problem, label, isLive, trans, children } = props;
  const [follow, setFollow] = useState(true);
  const text = plainText(lines.join('\n'));
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const toEnd = () => {
      if (follow && box.current) {
        box.current.scrollTop = box.current.scrollHeight;
      }
    };
    toEnd();
    const observer = new ResizeObserver(toEnd); // the content above changes its height
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, [follow, text]);
  const isEnd = ({ scrollTop, scrollHeight, clientHeight }: HTMLElement) =>
    scrollHeight - scrollTop - clientHeight < 4;
  return (
    <div className="nby-InstallLog">
      <div className="nby-Bar">
        {children}
        <span className="nby-Space" />
        <CheckBox checked={follow} onChange={setFollow}>
          {trans.__('Follow Log')}
        </CheckBox>
        <Button onClick={() => void copyText(text, trans.__('The log is copied.'))}>
          {trans.__('Copy')}
        </Button>
      </div>
      {problem && <p className="nby-Note">{problem}</p>}
      {!text && !problem && (
        <p className="nby-Note">
          {isLive ? trans.__('The log is still empty.') : trans.__('The log is empty.')}
        </p>
      )}
      <div
        ref={box}
        className="nby-InstallLog-text"
        tabIndex={0}
        role="log"
        aria-live="off"
        aria-label={label}
        {...scrolledUp(() => setFollow(false))}
        onScroll={event => !follow && isEnd(event.currentTarget) && setFollow(true)}
      >
        {text
          .split('\n')
          .map(line => foldedLine(line, trans))
          .join('\n')}
      </div>
    </div>
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
