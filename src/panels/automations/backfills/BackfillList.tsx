import '../../../../style/backfills.css';
import { useCallback, useEffect, useState } from 'react';
import { Backfill } from '../../../api/types';
import { Button } from '../../../components/Button';
import { stateText } from '../../../components/StateMark';
import { IPanelServices } from '../../frame/services';
import { timeIn } from '../../../components/format/times';

const MOST = 5;

interface IBackfillListProps {
  services: IPanelServices;
  /** The ID of the automation. */
  automation: string;
  /** Another number asks the server again. */
  turn: number;
  /** Called with a backfill whose due times did not all succeed. */
  onContinue: (backfill: Backfill) => void;
}

/** The newest backfills of an automation with their progress. */
export function BackfillList(props: IBackfillListProps): JSX.Element | null {
  const { services, automation, turn, onContinue } = props;
  const { yard, trans } = services;
  const [backfills, setBackfills] = useState<Backfill[]>([]);
  const [problem, setProblem] = useState('');
  const load = useCallback(async () => {
    try {
      const query = { automation, limit: MOST };
      setBackfills((await yard.client.call('backfills.list', { query })).items);
      setProblem('');
    } catch (error) {
      setProblem((error as Error).message);
    }
  }, [yard, automation]);
  useEffect(() => void load(), [load, turn]);
  const cancel = async (backfill: string) => {
    try {
      await yard.client.call('backfills.cancel', { path: { backfill }, query: {} });
      await load();
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  if (!backfills.length && !problem) {
    return null;
  }
  return (
    <section className="nby-Backfills" aria-label={trans.__('Backfills')}>
      {problem && <p role="alert">{problem}</p>}
      <ul>
        {backfills.map(backfill => (
          <li key={backfill.id}>
            <span>
              {timeIn(backfill.zone, backfill.since).replace('T', ' ')} –{' '}
              {timeIn(backfill.zone, backfill.until).replace('T', ' ')}
            </span>
            <progress
              className={`nby-Progress nby-mod-${backfill.state}`}
              aria-label={trans.__('Progress of the backfill')}
              max={countOf(backfill)}
              value={countOf(backfill) - backfill.counts.waiting - backfill.counts.active}
            />
            <span role="status">
              {[
                stateText(backfill.state, trans),
                ...(['active', 'waiting', 'succeeded', 'failed', 'skipped'] as const)
                  .filter(name => backfill.counts[name])
                  .map(name => `${backfill.counts[name]} ${stateText(name, trans)}`)
              ].join(' · ')}
            </span>
            {backfill.state === 'running' ? (
              <Button onClick={() => void cancel(backfill.id)}>{trans.__('Stop Backfill')}</Button>
            ) : (
              !!(backfill.counts.failed + backfill.counts.cancelled) && (
                <Button onClick={() => onContinue(backfill)}>{trans.__('Resume')}</Button>
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
