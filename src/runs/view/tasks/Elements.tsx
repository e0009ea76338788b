import '../../../../style/run-table.css';
import { lazy, Suspense, useMemo, useState } from 'react';
import { isLive, Task } from '../../../api/types';
import { isBetterHigh } from '../../../document/maps/direction';
import { ELEMENT_STATES, ElementState } from '../../../canvas/model/diagram/maps';
import { Button, CommandButton, LinkButton } from '../../../components/Button';
import { useServerNow } from '../../../components/hooks/useLost';
import { showProblem } from '../../../components/problems';
import { stateText } from '../../../components/StateMark';
import { ISort, RowTable } from '../../../components/table/RowTable';
import {
  bestOf,
  IBest,
  metricNames,
  modelOf,
  starOf,
  starredBy,
  usualBest
} from '../../model/maps/best';
import { elementState, ElementTask, MapElements } from '../../model/maps/elements';
import { useServices } from '../context/hooks';
import { useElementActions } from './elementActions';
import { ITaskProps } from '../context/taskProps';
import { Picture, previewOf } from '../results/Preview';
import { columnsOf, IColumn, metricKey } from './elementColumns';
import { useMetrics, usePreviews } from './elementResults';

const Parallel = lazy(() => import('./Parallel'));

const POSITION: ISort = { key: 'position', isDown: false };
/** The height of rows with figures, in pixels. */
const FIGURE = 44;
/** So many elements are asked whether they have a figure. */
const PROBED = 8;

interface IElementsProps extends Pick<ITaskProps, 'detail' | 'step' | 'onStep'> {
  /** The task of the map. */
  map: Task;
  elements: MapElements;
  /** Show the log or the notebook of an element. */
  onShow: (node: string, tab: 'logs' | 'output') => void;
}

/** The elements of a map as a table: compare them by a metric, star them, and open one. */
export default function Elements(props: IElementsProps): JSX.Element {
  const { detail, step, onStep, onShow, map, elements } = props;
  const { run } = detail;
  const { trans, yard } = useServices();
  const [chosen, setSort] = useState<ISort>();
  const [shown, setShown] = useState<ElementState | 'starred'>();
  const [picked, setPicked] = useState<IBest>();
  const [isChart, setChart] = useState(false);
  const [pointed, setPointed] = useState<string>();
  const now = useServerNow(yard.stream, isLive(run));
  const { list } = elements;
  const { total, counts } = elements.states;
  const results = usePreviews(run.id);
  const metrics = useMetrics(map, list, results);
  const names = useMemo(() => metricNames(metrics), [metrics]);
  const comparison = picked ?? usualBest(names);
  const best = useMemo(
    () => comparison && bestOf(list, metrics, comparison),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- a new object each time
    [list, metrics, comparison?.metric, comparison?.isHighest]
  );
  const usual = comparison && map.finished_at ? sortBy(comparison) : POSITION;
  const { key, isDown } = chosen ?? usual;
  const starred = new Set((run.tags ?? []).flatMap(tag => starredBy(tag) ?? []));
  const star = async ({ element }: ElementTask) => {
    const tag = starOf(element.key);
    const query = starred.has(element.key) ? { remove: tag } : { add: tag };
    try {
      await yard.client.call('runs.tag', { path: { runs: run.id }, query });
    } catch (error) {
      showProblem(trans.__('Not starred.'), error, trans);
    }
  };
  const figureOf = useFigures(list, results, onStep);
  const actions = useElementActions(detail, map);
  const columns = columnsOf({
    ...{ metrics, names, best, metric: comparison?.metric, starred, now, trans },
    ...{ figureOf, actionOf: actions?.actionOf, onStep, onShow, onStar: task => void star(task) }
  });
  const isShown = (task: ElementTask) =>
    shown === 'starred' ? starred.has(task.element.key) : !shown || elementState(task) === shown;
  const rows = useMemo(() => {
    const { valueOf } = columns.find(column => column.key === key) ?? columns[0];
    return sorted(list.filter(isShown), valueOf, isDown);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the columns differ with each second
  }, [list, shown, [...starred].join(), key, isDown, metrics]);
  const choice = (text: string, count: number, value?: typeof shown) => (
    <Button key={text} aria-pressed={value === shown} onClick={() => setShown(value)}>
      {`${text} ${count.toLocaleString()}`}
    </Button>
  );
  const stars = list.filter(({ element }) => starred.has(element.key));
  const label = trans.__('Elements of “%1”', map.label || map.node);
  return (
    <>
      <div className="nby-Bar nby-Elements">
        <span className="nby-States" role="group" aria-label={trans.__('States of elements')}>
          {choice(trans.__('All'), total)}
          {ELEMENT_STATES.filter(value => counts[value] || value === shown).map(value =>
            choice(stateText(value, trans), counts[value], value)
          )}
          {(stars.length > 0 || shown === 'starred') && choice('★', stars.length, 'starred')}
        </span>
        <span className="nby-Space" />
        {comparison && (
          <BestChoice
            {...{ names, comparison }}
            onChange={next => {
              setPicked(next);
              setSort(sortBy(next));
            }}
          />
        )}
        <DeployBest stars={stars} best={best} />
        {comparison && (
          <Button
            aria-pressed={isChart}
            title={trans.__('Parallel coordinates of parameters and metrics')}
            onClick={() => setChart(!isChart)}
          >
            {trans.__('Chart')}
          </Button>
        )}
        {counts.failed > 0 && actions?.retryAll}
      </div>
      {isChart && comparison && (
        <Suspense fallback={<p className="nby-Note">{trans.__('Opening…')}</p>}>
          <Parallel
            {...{ list, metrics, names, comparison, best, pointed, label, trans }}
            onPoint={setPointed}
            onOpen={onStep}
          />
        </Suspense>
      )}
      <RowTable
        label={label}
        noun="element"
        columns={columns}
        rows={rows}
        isPart={false}
        idOf={({ node }) => node}
        sort={{ key, isDown }}
        onSort={setSort}
        least={figureOf && FIGURE}
        selected={step}
        pointed={pointed}
        keys={{ s: task => void star(task) }}
        onOpen={({ node }) => onStep(node)}
      />
    </>
  );
}

/** Return the order with the best element first. */
const sortBy = ({ metric, isHighest }: IBest): ISort => ({
  key: metricKey(metric),
  isDown: isHighest
});

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

interface IBestChoiceProps {
  names: readonly string[];
  comparison: IBest;
  onChange: (comparison: IBest) => void;
}

/** Chooses the metric by which elements are compared, and whether it is better if it is higher. */
function BestChoice({ names, comparison, onChange }: IBestChoiceProps): JSX.Element {
  const { trans } = useServices();
  const { metric, isHighest } = comparison;
  return (
    <>
      <label>
        {trans.__('Best by')}{' '}
        <select
          value={metric}
          onChange={({ target: { value } }) =>
            onChange({ metric: value, isHighest: isBetterHigh(value) })
          }
        >
          {names.map(name => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <select
        aria-label={trans.__('Best value')}
        value={String(isHighest)}
        onChange={({ target }) => onChange({ metric, isHighest: target.value === 'true' })}
      >
        <option value="true">{trans.__('highest')}</option>
        <option value="false">{trans.__('lowest')}</option>
      </select>
    </>
  );
}

/** Deploys the model of the starred element, or of the best one. */
function DeployBest(props: {
  stars: readonly ElementTask[];
  best: ElementTask | undefined;
}): JSX.Element | null {
  const { stars, best } = props;
  const { commands, trans } = useServices();
  const starred = stars.find(modelOf);
  const model = modelOf((starred ?? best ?? {}) as Task);
  return model ? (
    <CommandButton
      commands={commands}
      id="nbyard:deploy-output"
      args={{ run: model.run_id, output: `${model.node}.${model.name}`, isTile: true }}
      note={starred ? trans.__('Starred') : trans.__('Best')}
    />
  ) : null;
}

/** Return how to draw the figure of an element, if some have one. A click opens the element. */
function useFigures(
  list: readonly ElementTask[],
  { previews }: ReturnType<typeof usePreviews>,
  onStep: (node: string) => void
): ((task: ElementTask) => React.ReactNode) | undefined {
  const { trans, yard } = useServices();
  const ended = list.filter(({ state }) => state === 'succeeded');
  const drawingOf = ({ artifacts }: Task) => artifacts.find(({ format }) => format === 'svg');
  const hasFigures =
    ended.some(drawingOf) || ended.slice(0, PROBED).some(({ node }) => previews.get(node)?.picture);
  if (!hasFigures) {
    return undefined;
  }
  return task => {
    const picture = task.state === 'succeeded' && previews.get(task.node)?.picture;
    const drawing = !picture && drawingOf(task);
    return (
      (picture || drawing) && (
        <LinkButton
          className="nby-Figure"
          tabIndex={-1}
          aria-label={trans.__('Figure of %1', task.element.label)}
          onClick={() => onStep(task.node)}
        >
          {picture && <img src={picture} alt="" loading="lazy" />}
          {drawing && <Picture shown={previewOf(yard, drawing)} type="image/svg+xml" />}
        </LinkButton>
      )
    );
  };
}
