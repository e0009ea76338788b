/** The columns of a table of elements. */
import { TranslationBundle } from '@jupyterlab/translation';
import { Element } from '../../../api/types';
import { ReactNode } from 'react';
import { STATE_ORDER } from '../../../canvas/model/texts';
import { LinkButton } from '../../../components/Button';
import { showSeconds } from '../../../components/format/times';
import { StateMark } from '../../../components/StateMark';
import { IRowColumn } from '../../../components/table/RowTable';
import { firstLine, reasonText } from '../../../reasons';
import { Metrics, numberOf } from '../../model/maps/best';
import { ElementTask } from '../../model/maps/elements';
import { showNumber } from '../../model/metrics';
import { workSeconds } from '../../model/reducer';

export interface IColumn extends IRowColumn<ElementTask> {
  /** What rows are sorted by; rows without a value come last. */
  valueOf: (task: ElementTask) => number | string | undefined;
}

interface IShown {
  metrics: Metrics;
  names: readonly string[];
  /** The best element, and the metric by which it is. */
  best: ElementTask | undefined;
  metric: string | undefined;
  /** Keys of elements. */
  starred: ReadonlySet<string>;
  now: number;
  trans: TranslationBundle;
  /** Without figures, there is no column for them. */
  figureOf?: (task: ElementTask) => ReactNode;
  /** What can be done with an element; undefined once the map has ended. */
  actionOf?: (task: ElementTask) => ReactNode;
  onStar: (task: ElementTask) => void;
  onStep: (node: string) => void;
  /** Show the log or the notebook of an element. */
  onShow: (node: string, tab: 'logs' | 'output') => void;
}

const unsorted = { isUnsorted: true, valueOf: () => undefined };

/** Return the key of the column of a metric. */
export const metricKey = (name: string): string => `metric ${name}`;

export function columnsOf(shown: IShown): IColumn[] {
  const { best, now, trans, figureOf, actionOf, onStep } = shown;
  const reasonOf = ({ failure, reason, element }: ElementTask) =>
    firstLine(reasonText(withLabel(failure?.reason ?? reason, element), trans));
  return [
    { key: 'star', label: '★', width: 34, ...unsorted, render: task => starFor(task, shown) },
    {
      key: 'position',
      label: trans.__('Element'),
      width: 156,
      valueOf: ({ element }) => element.position,
      title: ({ element }) => element.label,
      render: ({ node, element }) => (
        <span className="nby-Elements-name">
          <LinkButton tabIndex={-1} onClick={() => onStep(node)}>
            {element.label || element.key}
          </LinkButton>
          {node === best?.node && <span className="nby-Chip nby-mod-best">{trans.__('best')}</span>}
        </span>
      )
    },
    ...(figureOf
      ? [{ key: 'figure', label: trans.__('Figure'), width: 86, ...unsorted, render: figureOf }]
      : []),
    {
      key: 'state',
      label: trans.__('State'),
      width: 108,
      valueOf: ({ state }) => STATE_ORDER.indexOf(state),
      render: ({ state, cached }) => <StateMark {...{ state, cached, trans }} />
    },
    {
      key: 'seconds',
      label: trans.__('Duration'),
      width: 88,
      isNumber: true,
      valueOf: task => workSeconds(task, now),
      render: task => showSeconds(workSeconds(task, now))
    },
    ...shown.names.map(name => metricColumn(name, shown)),
    {
      key: 'reason',
      label: trans.__('Reason'),
      valueOf: task => reasonOf(task) || undefined,
      title: reasonOf,
      render: reasonOf
    },
    {
      ...{ key: 'open', label: trans.__('Open'), width: 106, ...unsorted },
      render: task => linksOf(task, shown)
    },
    ...(actionOf
      ? [{ key: 'act', label: trans.__('Action'), width: 70, ...unsorted, render: actionOf }]
      : [])
  ];
}

/** Return a reason in which the tasks of an element have its label instead of its key. */
function withLabel<T>(reason: T, { key, label }: Element): T {
  const shown = label ? JSON.stringify(` ${label}`).slice(1, -1) : '';
  return JSON.parse(JSON.stringify(reason ?? null).replaceAll(`.${key}`, () => shown)) as T;
}

function starFor(task: ElementTask, { starred, trans, onStar }: IShown): JSX.Element {
  const { key, label } = task.element;
  const isStarred = starred.has(key);
  return (
    <LinkButton
      className="nby-Star"
      tabIndex={-1}
      aria-pressed={isStarred}
      aria-label={trans.__('Star %1', label || key)}
      title={trans.__('Star (S)')}
      onClick={() => onStar(task)}
    >
      {isStarred ? '★' : '☆'}
    </LinkButton>
  );
}

function metricColumn(name: string, { metrics, best, metric }: IShown): IColumn {
  const show = ({ node, element }: ElementTask) => {
    const text = showNumber(metrics.get(element.key)?.[name] ?? '–');
    return node === best?.node && name === metric ? <b>{text}</b> : text;
  };
  return {
    ...{ key: metricKey(name), label: name, width: widthOf(name), isNumber: true, render: show },
    valueOf: ({ element }) => numberOf(metrics, element.key, name)
  };
}

/** Return a width for the name of a metric with the arrow of its order, in pixels. */
const widthOf = (name: string) => Math.min(180, 44 + 8 * name.length);

function linksOf(
  { node, element, attempts, cached }: ElementTask,
  { trans, onShow }: IShown
): ReactNode {
  return (
    (cached || attempts.some(({ started_at }) => started_at)) &&
    (['logs', 'output'] as const).map(tab => (
      <LinkButton
        key={tab}
        tabIndex={-1}
        aria-label={
          tab === 'logs'
            ? trans.__('Log of %1', element.label)
            : trans.__('Output of %1', element.label)
        }
        onClick={() => onShow(node, tab)}
      >
        {tab === 'logs' ? trans.__('Log') : trans.__('Output')}
      </LinkButton>
    ))
  );
}
