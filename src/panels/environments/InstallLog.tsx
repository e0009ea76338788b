import { useEffect, useRef, useState } from 'react';
import { Environment, EnvironmentVersion } from '../../api/types';
import { copyText } from '../../components/problems';
import { IPanelServices } from '../services';
import { useInstallLog } from './installLog';
import { isUnderWay } from './words';

interface IInstallLogProps {
  services: IPanelServices;
  environment: Environment;
  versions: readonly EnvironmentVersion[];
}

/** What installing a version says, or said; it follows the end until somebody scrolls up. */
export function InstallLog({ services, environment, versions }: IInstallLogProps): JSX.Element {
  const { yard, trans } = services;
  const { id, current } = environment;
  const [number, setNumber] = useState<number>();
  const version = versions.find(one => one.number === number) ?? current;
  const [follow, setFollow] = useState(true);
  // who begins once more writes anew, in another place
  const of = `${version.id} ${version.place}`;
  const { lines, problem } = useInstallLog(of, (after, signal) =>
    yard.client.call('environments.log', {
      path: { environment: id },
      query: { after, version: version.number },
      signal
    })
  );
  const text = lines.join('\n');
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const toEnd = () => {
      if (follow && box.current) {
        box.current.scrollTop = box.current.scrollHeight;
      }
    };
    toEnd();
    const observer = new ResizeObserver(toEnd); // what is above it grows and shrinks
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, [follow, text]);
  const isEnd = ({ scrollTop, scrollHeight, clientHeight }: HTMLElement) =>
    scrollHeight - scrollTop - clientHeight < 4;
  return (
    <div className="nby-InstallLog">
      <div className="nby-Bar">
        {versions.length > 1 && (
          <label>
            {trans.__('Log of')}{' '}
            <select
              value={version.number}
              onChange={event => {
                const wanted = Number(event.target.value);
                setNumber(wanted === current.number ? undefined : wanted);
              }}
            >
              {versions.map(one => (
                <option key={one.id} value={one.number}>
                  {trans.__('version %1', one.number)}
                </option>
              ))}
            </select>
          </label>
        )}
        <span className="nby-Space" />
        <label>
          <input
            type="checkbox"
            checked={follow}
            onChange={event => setFollow(event.target.checked)}
          />{' '}
          {trans.__('Follow')}
        </label>
        <button
          type="button"
          className="nby-Button"
          onClick={() => void copyText(text, trans.__('The log is copied.'))}
        >
          {trans.__('Copy')}
        </button>
      </div>
      {problem && <p className="nby-Note">{problem}</p>}
      {!text && !problem && (
        <p className="nby-Note">
          {isUnderWay(version)
            ? trans.__('Nothing was written yet.')
            : trans.__('Nothing was written.')}
        </p>
      )}
      <div
        ref={box}
        className="nby-InstallLog-text"
        tabIndex={0}
        role="log"
        aria-live="off"
        aria-label={trans.__('Log of version %1', version.number)}
        onWheel={event => event.deltaY < 0 && setFollow(false)}
        onKeyDown={event => ['ArrowUp', 'PageUp', 'Home'].includes(event.key) && setFollow(false)}
        onScroll={event => !follow && isEnd(event.currentTarget) && setFollow(true)}
      >
        {text}
      </div>
    </div>
  );
}
