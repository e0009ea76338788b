import { ReactNode } from 'react';
import { Run } from '../../../api/types';
import { Button } from '../../../components/Button';
import { IPanelServices } from '../../frame/services';
import { MOST_COMPARED } from './runSearch';

/** Return what opens the comparison of these runs; undefined if they are too few or too many. */
export function comparing(
  { commands }: IPanelServices,
  runs: readonly Run[],
  done?: () => void
): (() => void) | undefined {
  return runs.length < 2 || runs.length > MOST_COMPARED
    ? undefined
    : () => {
        void commands.execute('nbyard:open-comparison', { id: runs.map(({ id }) => id).join(',') });
        done?.();
      };
}

interface IMarkedRunsProps {
  count: number;
  /** Undefined if the runs cannot be compared. */
  compare?: () => void;
  clear: () => void;
  services: IPanelServices;
  /** Further actions on the selected runs. */
  children?: ReactNode;
}

/** The number of selected runs, and what can be done with them. */
export function MarkedRuns(props: IMarkedRunsProps): JSX.Element | null {
  const { count, compare, clear, services, children } = props;
  const { trans } = services;
  return count ? (
    <div className="nby-Bar nby-Marked" role="group" aria-label={trans.__('Selected runs')}>
      <span role="status">{trans.__('%1 selected', count)}</span>
      <Button
        className="nby-mod-primary"
        disabled={!compare}
        title={trans.__('Compare 2 to %1 runs (C)', MOST_COMPARED)}
        onClick={compare}
      >
        {trans.__('Compare')}
      </Button>
      {children}
      <Button onClick={clear}>{trans.__('Clear')}</Button>
    </div>
  ) : null;
}
