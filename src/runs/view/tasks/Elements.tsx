import '../../../../style/run-table.css';
import { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useMemo, useState } from 'react';
import { addressOf } from '../../../api/addresses';
import { isLive, Task } from '../../../api/types';
import { STATE_ORDER } from '../../../canvas/model/texts';
import { ELEMENT_STATES, ElementState } from '../../../canvas/model/diagram/maps';
import { Button, LinkButton } from '../../../components/Button';
import { showSeconds } from '../../../components/format/times';
import { useServerNow } from '../../../components/hooks/useLost';
import { StateMark, stateText } from '../../../components/StateMark';
import { IRowColumn, ISort, RowTable } from '../../../components/table/RowTable';
import { ALL } from '../../../document/maps/map';
import { firstLine, reasonText } from '../../../reasons';
import { elementState, ElementTask, MapElements } from '../../model/maps/elements';
import { showNumber } from '../../model/metrics';
import { workSeconds } from '../../model/reducer';
import { useServices } from '../context/hooks';
import { useElementActions } from './elementActions';
import { ITaskProps } from '../context/taskProps';

/** Larger tables of results are not read for their metrics. */
const MOST_BYTES = 16 << 20;
const POSITION: ISort = { key: 'position', isDown: false };

interface IElementsProps extends Pick<ITaskProps, 'detail' | 'step' | 'onStep'> {
  /** The task of the map. */
  map: Task;
  elements: MapElements;
  /** Show the log or the notebook of an element. */
  onShow: (node: string, tab: 'logs' | 'output') => void;
}

interface IColumn extends IRowColumn<ElementTask> {
  /** What rows are sorted by; rows without a value come last. */
  valueOf: (task: ElementTask) => number | string | undefined;
}

/** The elements of a map as a table, to sort, to filter by state, and to open one. */
export default function Elements(props: IElementsProps): JSX.Element {
  const { detail, step, onStep, map, elements } = props;
  const { trans, yard } = useServices();
  const [sort, setSort] = useState(POSITION);
  const [state, setState] = useState<ElementState>();
  const now = useServerNow(yard.stream, isLive(detail.run));
  const metrics = useMetrics(map);
  const actions = useElementActions(detail, map);
  const columns = columnsOf(props, metrics, now, trans);
  if (actions) {
    columns.push({
      ...{ key: 'act', label: trans.__('Action'), width: 70, isUnsorted: true },
      ...{ valueOf: () => undefined, render: actions.actionOf }
    });
  }
  const { list } = elements;
  const { total, counts } = elements.states;
  const rows = useMemo(() => {
    const { valueOf } = columns.find(({ key }) => key === sort.key) ?? columns[0];
    const shown = state ? list.filter(task => elementState(task) === state) : list;
    return sorted(shown, valueOf, sort.isDown);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the columns differ with each second
  }, [list, state, sort, metrics]);
  const choice = (text: string, count: number, value?: ElementState) => (
    <Button key={text} aria-pressed={state === value} onClick={() => setState(value)}>
      {`${text} ${count.toLocaleString()}`}
    </Button>
  );
  return (
    <>
      <div className="nby-Bar" role="group" aria-label={trans.__('States of elements')}>
        {choice(trans.__('All'), total)}
        {ELEMENT_STATES.filter(value => counts[value] || value === state).map(value =>
          choice(stateText(value, trans), counts[value], value)
        )}
        {counts.failed > 0 && actions?.retryAll}
      </div>
      <RowTable
        label={trans.__('Elements of “%1”', map.label || map.node)}
        noun="element"
        columns={columns}
        rows={rows}
        isPart={false}
        idOf={({ node }) => node}
        sort={sort}
        onSort={setSort}
        selected={step}
        onOpen={({ node }) => onStep(node)}
      />
    </>
  );
}

/** Return elements by a value, those without one last, equal ones in the order of the input. */
export function sorted(
  list: readonly ElementTask[],
  valueOf: IColumn['valueOf'],
  isDown: boolean
): readonly ElementTask[] {
  const values = new Map(list.map(task => [task.node, valueOf(task)]));
  const sign = isDown ? -1 : 1;
  return [...list].sort((left, right) => {
    const [a, b] = [values.get(left.node), values.get(right.node)];
    if (a === b) {
      return left.element.position - right.element.position;
    }
    return a === undefined ? 1 : b === undefined ? -1 : a < b ? -sign : sign;
  });
}

function columnsOf(
  { onStep, onShow }: IElementsProps,
  metrics: Metrics,
  now: number,
  trans: TranslationBundle
): IColumn[] {
  const reasonOf = ({ failure, reason }: Task) =>
    firstLine(reasonText(failure?.reason ?? reason, trans));
  const names = [...new Set([...metrics.values()].flatMap(own => Object.keys(own)))];
  return [
    {
      key: 'position',
      label: trans.__('Element'),
      width: 200,
      valueOf: ({ element }) => element.position,
      title: ({ element }) => element.label,
      render: ({ node, element }) => (
        <LinkButton tabIndex={-1} onClick={() => onStep(node)}>
          {element.label || element.key}
        </LinkButton>
      )
    },
    {
      key: 'state',
      label: trans.__('State'),
      width: 112,
      valueOf: ({ state }) => STATE_ORDER.indexOf(state),
      render: ({ state, cached }) => <StateMark {...{ state, cached, trans }} />
    },
    {
      key: 'seconds',
      label: trans.__('Duration'),
      width: 96,
      isNumber: true,
      valueOf: task => workSeconds(task, now),
      render: task => showSeconds(workSeconds(task, now))
    },
    ...names.map(name => {
      const valueOf = ({ element }: ElementTask) => metrics.get(element.key)?.[name];
      return {
        ...{ key: `metric ${name}`, label: name, width: 90, isNumber: true, valueOf },
        render: (task: ElementTask) => showNumber(valueOf(task) ?? '–')
      };
    }),
    {
      key: 'reason',
      label: trans.__('Reason'),
      valueOf: task => reasonOf(task) || undefined,
      title: reasonOf,
      render: reasonOf
    },
    {
      key: 'open',
      label: trans.__('Open'),
      width: 110,
      isUnsorted: true,
      valueOf: () => undefined,
      render: ({ node, element, attempts, cached }) =>
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
    }
  ];
}

/** Metrics by the key of an element. */
type Metrics = ReadonlyMap<string, Readonly<Record<string, number | string>>>;
const NO_METRICS: Metrics = new Map();

/** Return the metrics of elements, from the table of all results, which exists once the map ended. */
function useMetrics({ artifacts = [] }: Task): Metrics {
  const { yard } = useServices();
  const [metrics, setMetrics] = useState(NO_METRICS);
  const table = artifacts.find(({ name, size_bytes }) => name === ALL && size_bytes < MOST_BYTES);
  const id = table?.id;
  useEffect(() => {
    setMetrics(NO_METRICS);
    if (id === undefined) {
      return;
    }
    const control = new AbortController();
    const url = addressOf(yard.client, 'artifacts.content', { path: { artifact: id } });
    yard.client
      .request(url, { method: 'GET', signal: control.signal })
      .then(response => response.text())
      .then(text => setMetrics(readMetrics(text)))
      .catch(() => undefined); // the table has no columns for them
    return () => control.abort();
  }, [yard, id]);
  return metrics;
}

/** Return the metrics in a table of JSON lines. */
export function readMetrics(text: string): Metrics {
  const rows = text
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line) as { key: string; metrics?: Record<string, number> });
  return new Map(rows.map(({ key, metrics = {} }) => [key, metrics]));
}
