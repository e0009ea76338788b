import { lazy, Suspense } from 'react';
import { isLive, Task } from '../../../api/types';
import { elementsText } from '../../../canvas/model/diagram/maps';
import { LinkButton } from '../../../components/Button';
import { PortionBar, usePortion } from '../../../components/Portion';
import { RowList } from '../../../components/RowList';
import { MonitorLinks } from '../../../components/MonitorLinks';
import { StateBar, StateMark } from '../../../components/StateMark';
import { showMoment, showSeconds } from '../../../components/format/times';
import { useServerNow } from '../../../components/hooks/useLost';
import { Table } from '../../../components/table/Table';
import { taskName, taskTitle } from '../../model/names';
import { IKnownEstimate, taskEstimate } from '../../model/estimates';
import { respondingMonitors, silentMonitors } from '../../model/monitors';
import { progressOf, secondsOf, TASK_DONE, wasStopped, workSeconds } from '../../model/reducer';
import { useActivity, useServices } from '../context/hooks';
import { ITaskProps } from '../context/taskProps';
import { Logs } from '../logs/Logs';
import { LiveCell } from '../notebook/LiveCell';
import { Output } from '../notebook/Output';
import { TaskResult } from './TaskResult';
import { Waits } from './Waits';
import { firstLine, reasonText, reasonsText } from '../../../reasons';

interface ITasksProps extends ITaskProps {
  estimate?: IKnownEstimate;
  onLog: (attempt: number) => void;
  /** Show a tab of another task. */
  onShow: (node: string, tab: 'logs' | 'output') => void;
}

const Elements = lazy(() => import('./Elements'));
const nodeOf = ({ node }: { node: string }): string => node;

/** The tasks of a run in the order of the graph, each with the reason of its state. */
export function Tasks(props: ITasksProps): JSX.Element {
  const { model, detail, step, onStep } = props;
  const { trans, yard } = useServices();
  const activity = useActivity(model);
  const now = useServerNow(yard.stream, isLive(detail.run));
  const { estimate } = props;
  const task = step === undefined ? undefined : model.task(step);
  const row = task?.element?.map ?? step; // an element has no row, but a table below its map
  const portion = usePortion(detail.tasks, nodeOf, row);
  const map = detail.tasks.find(({ node }) => node === row);
  const elements = map && model.elements(map.node);
  const isMap = elements && task === map;
  const queued = detail.tasks.find(({ state, waits }) => state === 'queued' && waits);
  return (
    <div className="nby-Steps">
      {queued && <Waits run={detail.run.id} turn={reasonText(queued.waits, trans)} />}
      <PortionBar portion={portion} trans={trans} />
      <RowList
        label={trans.__('Tasks of the run')}
        noun="task"
        items={portion.items}
        idOf={nodeOf}
        nameOf={task => task.label || task.node}
        selected={row}
        onSelect={task => onStep(task.node)}
        onOpen={task => onStep(task.node)}
        actions={task => {
          const monitors = respondingMonitors(yard, task, activity.get(task.node));
          return monitors.length > 0 && <MonitorLinks monitors={monitors} trans={trans} />;
        }}
        render={task => {
          const cells = activity.get(task.node);
          const { name, id } = taskName(task, detail.tasks);
          const states = model.elements(task.node)?.states;
          const isCounted = task.state === 'running' && !states;
          const progress = isCounted ? progressOf(task, cells) : undefined;
          return (
            <>
              <StateMark state={task.state} cached={task.cached} trans={trans} />
              <span className="nby-Steps-name" title={name}>
                <span className="nby-Row-name">{name}</span>
                {id && <span className="nby-Dim">{id}</span>}
              </span>
              <span className="nby-Steps-time">{showSeconds(workSeconds(task, now))}</span>
              {progress !== undefined && (
                <>
                  <progress
                    className="nby-Progress"
                    aria-label={trans.__('Cells done')}
                    value={progress}
                    max={1}
                  />
                  <span className="nby-Dim">
                    {trans.__('cell %1/%2', Math.min(cells!.total, cells!.done + 1), cells!.total)}
                  </span>
                </>
              )}
              {states && <StateBar {...states} label={elementsText(states, trans)} />}
              <Why
                reasons={[
                  states && !TASK_DONE.has(task.state) ? elementsText(states, trans) : '',
                  taskEstimate(task, estimate, now, trans),
                  ...why(task, task.node === row, trans),
                  ...silentMonitors(task, cells, trans)
                ]}
              />
            </>
          );
        }}
      />
      {task && (
        <div className="nby-Steps-chosen">
          {elements && (
            <Suspense fallback={<p className="nby-Note">{trans.__('Opening…')}</p>}>
              <Elements key={map.node} {...props} map={map} elements={elements} />
            </Suspense>
          )}
          {task.state === 'succeeded' && !isMap && (
            <TaskResult key={step} task={task} detail={detail} />
          )}
          {/* an executed notebook has no output of a cell that still runs */}
          {task.state === 'running' && !isMap && <LiveCell model={model} node={task.node} />}
          {((task.state === 'running' && !isMap) || wasStopped(task)) && (
            <Logs key={step} {...props} attempt={0} isInner ofCell={task.state === 'running'} />
          )}
          {/* the banner shows a cell that failed, but not of an element */}
          {task.state === 'failed' && !isMap && !(hasCell(task) && !task.element) && (
            <Output key={step} {...props} attempt={0} isInner />
          )}
          <Attempts task={task} tasks={detail.tasks} now={now} onLog={props.onLog} />
        </div>
      )}
    </div>
  );
}

function hasCell({ failure }: Task): boolean {
  return typeof failure?.cell === 'number';
}

/** The reason in one line with the rest in a tooltip; in full for the chosen task. */
function Why({ reasons }: { reasons: readonly string[] }): JSX.Element {
  const text = reasons.filter(Boolean).join(' · ');
  return (
    <span className="nby-Steps-why" title={text}>
      {text}
    </span>
  );
}

function why(task: Task, whole: boolean, trans: ReturnType<typeof useServices>['trans']): string[] {
  if (hasCell(task)) {
    return [trans.__('cell %1', task.failure!.cell! + 1)];
  }
  const message = reasonText(task.failure?.reason, trans);
  const reason =
    (whole ? message : firstLine(message)) ||
    reasonsText(task.waits && !whole ? [task.waits] : [task.reason, task.waits], trans);
  const place = task.state === 'queued' && task.place ? trans.__('position %1', task.place) : '';
  return [place, reason, reasonText(task.warning, trans)];
}

/** States of attempts that have a log even if they did not start. */
const FAILED: ReadonlySet<string> = new Set(['failed', 'lost']);

interface IAttemptsProps {
  task: Task | undefined;
  tasks: readonly Task[];
  now: number;
  onLog: (attempt: number) => void;
}

function Attempts({ task, tasks, now, onLog }: IAttemptsProps): JSX.Element | null {
  const { trans } = useServices();
  if (!task?.attempts?.length) {
    return null;
  }
  const logOf = (attempt: Task['attempts'][number]) => (
    <LinkButton onClick={() => onLog(attempt.number)}>
      {trans.__('Log')} <span className="nby-Sr">{trans.__('of attempt %1', attempt.number)}</span>
    </LinkButton>
  );
  const [only] = task.attempts;
  if (task.attempts.length === 1) {
    // its state, duration and reason stand in the list
    const hasLog = !!only.started_at || FAILED.has(only.state);
    return hasLog ? (
      <p className="nby-Note nby-Dim">
        {only.runtime} · {only.started_at && `${showMoment(only.started_at)} · `}
        {logOf(only)}
      </p>
    ) : null;
  }
  return (
    <Table
      caption={trans.__('Attempts of “%1”', taskTitle(task, tasks))}
      heads={[
        trans.__('Attempt'),
        trans.__('State'),
        trans.__('Runtime'),
        trans.__('Started'),
        trans.__('Duration'),
        trans.__('Reason'),
        <span className="nby-Sr">{trans.__('Log')}</span>
      ]}
    >
      {task.attempts.map(attempt => (
        <tr key={attempt.id}>
          <td>{attempt.number}</td>
          <td>
            <StateMark state={attempt.state} trans={trans} />
          </td>
          <td>{attempt.runtime}</td>
          <td>{showMoment(attempt.started_at)}</td>
          <td>{showSeconds(secondsOf(attempt, now))}</td>
          <td>{reasonText(attempt.reason, trans)}</td>
          <td>{logOf(attempt)}</td>
        </tr>
      ))}
    </Table>
  );
}
