import { useEffect } from 'react';
import { isLive, Run } from '../../api/types';
import { Away } from '../../components/Away';
import { CommandButton } from '../../components/CommandButton';
import { RowList } from '../../components/RowList';
import { StateMark } from '../../components/StateMark';
import { showAgo, showMoment, showSeconds } from '../../components/format/times';
import { useLost, useServerNow } from '../../components/hooks/useLost';
import { useSignal } from '../../components/hooks/useSignal';
import { secondsOf } from '../../runs/model/reducer';
import { IPanelServices } from '../frame/services';
import { ListState } from '../frame/ListState';
import { reasonText } from '../../reasons';

const SHOWN = 100;

/** The newest runs. */
export function RunSection({ services }: { services: IPanelServices }): JSX.Element {
  const { yard, trans, commands } = services;
  const { runs } = yard;
  const items = useSignal(runs.changed, () => runs.items);
  useEffect(() => void runs.start(), [runs]);
  const ticking = items.some(isLive);
  const now = useServerNow(yard.stream, ticking);
  return (
    <div className="nby-Section">
      <Away lost={useLost(yard.stream)} trans={trans} />
      <ListState collection={runs} trans={trans}>
        <p className="nby-Note">
          {trans.__('No runs yet. Run a workflow, or a notebook in the background.')}
        </p>
      </ListState>
      <RowList
        label={trans.__('Runs')}
        noun="run"
        items={items.slice(0, SHOWN)}
        idOf={({ id }) => id}
        nameOf={run => run.name || run.title}
        render={run => <Row run={run} now={now} services={services} />}
        actions={run =>
          isLive(run) ? (
            <CommandButton
              commands={commands}
              id="nbyard:cancel-run"
              args={{ id: run.id }}
              tabIndex={-1}
              bare
            />
          ) : undefined
        }
        onOpen={({ id }) => void commands.execute('nbyard:show-run', { id })}
        onSelect={({ id }) => void commands.execute('nbyard:show-run', { id, quiet: true })}
        onDelete={({ id }) => void commands.execute('nbyard:delete-run', { id })}
      />
      {items.length > SHOWN && (
        <p className="nby-Note">{trans.__('The newest %1 are shown.', SHOWN)}</p>
      )}
    </div>
  );
}

interface IRowProps {
  run: Run;
  now: number;
  services: IPanelServices;
}

function Row({ run, now, services }: IRowProps): JSX.Element {
  const { trans } = services;
  const took = showSeconds(secondsOf(run, now));
  return (
    <div className="nby-Thing" title={showMoment(run.created_at)}>
      <StateMark state={run.state} trans={trans} bare />
      <span className="nby-Row-name">{run.name || run.title}</span>
      <span className="nby-Dim">#{run.number}</span>
      <span className="nby-Thing-detail">
        {[took, showAgo(run.created_at, now, trans), reasonText(run.reason, trans)]
          .filter(Boolean)
          .join(' · ')}
      </span>
    </div>
  );
}
