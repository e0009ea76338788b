import { TranslationBundle } from '@jupyterlab/translation';
import { isLive, Run } from '../../../api/types';
import { IRowColumn, ISort } from '../../../components/table/RowTable';
import { StateMark, stateText } from '../../../components/StateMark';
import { showMoment, showSeconds } from '../../../components/format/times';
import { useServerNow } from '../../../components/hooks/useLost';
import { starredBy } from '../../../runs/model/maps/best';
import { showNumber } from '../../../runs/model/metrics';
import { originText } from '../../../runs/model/origins';
import { secondsOf } from '../../../runs/model/reducer';
import { reasonText } from '../../../reasons';
import { IPanelServices } from '../../frame/services';

/** A column. The server sorts by its key, which for a metric is `NODE.METRIC`. */
export type IRunColumn = IRowColumn<Run>;

/** The newest runs first, as the server lists them. */
export const NEWEST: ISort = { key: 'started', isDown: true };
/** A moment without its year and seconds; the pointer shows both. */
const SHORT = { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' } as const;

/** All columns but those of metrics, in their order. */
export function fixedColumns(services: IPanelServices, onTag: (tag: string) => void): IRunColumn[] {
  const { trans } = services;
  const nameOf = ({ name, title }: Run) => name || title;
  const whoOf = ({ origin }: Run) =>
    [origin.person, originText(origin, trans)].filter(Boolean).join(' · ');
  const text = (
    key: string,
    label: string,
    width: number | undefined,
    textOf: (run: Run) => string
  ): IRunColumn => ({ key, label, width, render: textOf, title: textOf });
  return [
    {
      ...text('state', trans.__('State'), 104, ({ state }) => stateText(state, trans)),
      render: ({ state }) => <StateMark state={state} trans={trans} />,
      title: ({ reason }) => reasonText(reason, trans) ?? ''
    },
    {
      ...{ key: 'number', label: trans.__('Run'), width: 66, isNumber: true },
      render: ({ number }) => number
    },
    text('name', trans.__('Name'), undefined, nameOf),
    text('path', trans.__('Workflow or file'), undefined, ({ path }) => path),
    text('person', trans.__('Started by'), 130, whoOf),
    {
      ...text(NEWEST.key, trans.__('Started'), 138, run => showMoment(run.created_at)),
      render: ({ created_at }) => new Date(created_at).toLocaleString(undefined, SHORT)
    },
    {
      ...{ key: 'duration', label: trans.__('Duration'), width: 100, isNumber: true },
      render: run => <Duration run={run} services={services} />
    },
    {
      ...text('parameters', trans.__('Changed parameters'), 140, parametersText),
      isUnsorted: true
    },
    {
      ...text('tags', trans.__('Tags'), 110, ({ kept, tags = [] }) =>
        [kept && trans.__('kept'), ...tags].filter(Boolean).join(', ')
      ),
      render: run => <Tags {...{ run, onTag, trans }} />
    }
  ];
}

function parametersText({ parameters, changed = [] }: Run): string {
  return changed.map(name => `${name}=${JSON.stringify(parameters[name])}`).join(', ');
}

/** How long the run takes or took; of a live run, only this is drawn each second. */
function Duration({ run, services }: { run: Run; services: IPanelServices }): JSX.Element {
  const now = useServerNow(services.yard.stream, isLive(run));
  return <>{showSeconds(secondsOf(run, now))}</>;
}

interface ITagsProps {
  run: Run;
  onTag: (tag: string) => void;
  trans: TranslationBundle;
}

/** The tags of a run; a click shows all runs with the tag. */
function Tags({ run, onTag, trans }: ITagsProps): JSX.Element {
  return (
    <>
      {run.kept && (
        <span className="nby-Dim" title={trans.__('Clean-ups never delete this run.')}>
          {trans.__('kept')}{' '}
        </span>
      )}
      {(run.tags ?? []).map(tag => (
        <button
          key={tag}
          type="button"
          tabIndex={-1}
          className="nby-Chip"
          title={trans.__('Show runs with the tag “%1”', tag)}
          onClick={() => onTag(tag)}
        >
          {starredBy(tag) ? '★' : tag}
        </button>
      ))}
    </>
  );
}

/** Return the columns of all metrics of runs; the node is named where it has to be. */
export function metricColumns(runs: readonly Run[]): IRunColumn[] {
  const nodes = new Map<string, Set<string>>();
  for (const { metrics = {} } of runs) {
    for (const [node, own] of Object.entries(metrics)) {
      for (const name of Object.keys(own)) {
        nodes.set(name, (nodes.get(name) ?? new Set()).add(node));
      }
    }
  }
  return [...nodes].sort().flatMap(([name, of]) =>
    [...of].sort().map(node => {
      const valueOf = ({ metrics = {} }: Run) => metrics[node]?.[name];
      return {
        ...{ key: `${node}.${name}`, width: 90, isNumber: true },
        label: of.size > 1 ? `${node}.${name}` : name,
        render: (run: Run) => showNumber(valueOf(run) ?? '–'),
        title: (run: Run) => String(valueOf(run) ?? '')
      };
    })
  );
}

export const isMetric = (key: string): boolean => key.includes('.');

/** Return the order for the server; it lists the newest runs first without one. */
export function orderOf({ key, isDown }: ISort): string | undefined {
  return key === NEWEST.key && isDown ? undefined : `${isDown ? '-' : ''}${key}`;
}
