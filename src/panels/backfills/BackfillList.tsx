import '../../../style/backfills.css';
import { useCallback, useEffect, useState } from 'react';
import { Backfill } from '../../api/types';
import { stateText } from '../../components/StateMark';
import { IPanelServices } from '../frame/services';
import { timeIn } from '../../components/format/times';

const MOST = 5;

interface IBackfillListProps {
  services: IPanelServices;
  /** The ID of the schedule. */
  schedule: string;
  /** Another number asks the server again. */
  turn: number;
  /** Called with a backfill whose due times did not all succeed. */
  onContinue: (backfill: Backfill) => void;
}

/** The newest backfills of a schedule with their progress. */
export function BackfillList(props: IBackfillListProps): JSX.Element | null {
  const { services, schedule, turn, onContinue } = props;
  const { yard, trans } = services;
  const [found, setFound] = useState<Backfill[]>([]);
  const [problem, setProblem] = useState('');
  const load = useCallback(async () => {
    try {
      const query = { schedule, limit: MOST };
      setFound((await yard.client.call('backfills.list', { query })).items);
      setProblem('');
    } catch (error) {
      setProblem((error as Error).message);
    }
  }, [yard, schedule]);
  useEffect(() => void load(), [load, turn]);
  const cancel = async (backfill: string) => {
    try {
      await yard.client.call('backfills.cancel', { path: { backfill }, query: {} });
      await load();
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  if (!found.length && !problem) {
    return null;
  }
  return (
    <section className="nby-Backfills" aria-label={trans.__('Backfills')}>
      {problem && <p role="alert">{problem}</p>}
      <ul>
        {found.map(one => (
          <li key={one.id}>
            <span>
              {timeIn(one.zone, one.since).replace('T', ' ')} –{' '}
              {timeIn(one.zone, one.until).replace('T', ' ')}
            </span>
            <progress
              className={`nby-Progress nby-mod-${one.state}`}
              aria-label={trans.__('Progress of the backfill')}
              max={countOf(one)}
              value={countOf(one) - one.counts.waiting - one.counts.active}
            />
            <span role="status">
              {[
                stateText(one.state, trans),
                ...(['active', 'waiting', 'succeeded', 'failed', 'skipped'] as const)
                  .filter(name => one.counts[name])
                  .map(name => `${one.counts[name]} ${stateText(name, trans)}`)
              ].join(' · ')}
            </span>
            {one.state === 'running' ? (
              <button type="button" className="nby-Button" onClick={() => void cancel(one.id)}>
                {trans.__('Stop Backfill')}
              </button>
            ) : (
              !!(one.counts.failed + one.counts.cancelled) && (
                <button type="button" className="nby-Button" onClick={() => onContinue(one)}>
                  {trans.__('Resume')}
                </button>
              )
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Return the number of due times of a backfill. */
function countOf({ counts }: Backfill): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
