import { TranslationBundle } from '@jupyterlab/translation';
import { ReactNode, useEffect, useState } from 'react';
import { showMoment } from './format/times';
import { Waiting } from './text/messages';

interface IVersion {
  id: string;
  number: number;
  created_at: string;
}

/** The query for two versions. */
export interface IPair {
  old: number;
  new: number;
}

interface ICompareVersionsProps<Difference> {
  /** Newest first, at least two. */
  versions: readonly IVersion[];
  /** The version to compare with the newest at first; the default is its predecessor. */
  before?: IVersion;
  /** Requests the differences; must be the same function for the same object. */
  ask: (query: IPair, signal: AbortSignal) => Promise<Difference>;
  /** Shown while a slow comparison runs. */
  waiting?: string;
  children: (difference: Difference) => ReactNode;
  trans: TranslationBundle;
}

/** Two version choices, and the differences between them. */
export function CompareVersions<Difference>(props: ICompareVersionsProps<Difference>): JSX.Element {
  const { versions, before = versions[1], ask, waiting, children, trans } = props;
  const [older, setOlder] = useState(before.number);
  const [newer, setNewer] = useState(versions[0].number);
  const [difference, setDifference] = useState<Difference>();
  const [problem, setProblem] = useState('');
  useEffect(() => {
    const control = new AbortController();
    setProblem('');
    if (waiting) {
      setDifference(undefined);
    }
    ask({ old: older, new: newer }, control.signal)
      .then(setDifference)
      .catch((error: Error) => !control.signal.aborted && setProblem(error.message));
    return () => control.abort();
  }, [ask, older, newer, waiting]);
  const said = problem || (difference === undefined && waiting);
  const choice = (label: string, value: number, onChange: (number: number) => void) => (
    <label>
      {label}{' '}
      <select value={value} onChange={event => onChange(Number(event.target.value))}>
        {versions.map(({ id, number, created_at }) => (
          <option key={id} value={number}>
            {trans.__('version %1 · %2', number, showMoment(created_at))}
          </option>
        ))}
      </select>
    </label>
  );
  return (
    <section aria-label={trans.__('Compare versions')} className="nby-Compare">
      <div className="nby-Bar">
        {choice(trans.__('Changes from'), older, setOlder)}
        {choice(trans.__('to'), newer, setNewer)}
      </div>
      {said && <Waiting problem={problem}>{said}</Waiting>}
      {!problem && difference !== undefined && children(difference)}
    </section>
  );
}
