import '../../../style/panels.css';
import '../../../style/runs.css';
import { lazy, Suspense, useEffect, useState } from 'react';
import { isLive, Run, RunDetail, Task } from '../../api/types';
import { useAnswer } from '../../api/useAnswer';
import { Button, CommandButton, LinkButton } from '../../components/Button';
import { Away } from '../../components/Away';
import { Boundary } from '../../components/Boundary';
import { isOwner, mayChange } from '../../components/format/roles';
import { StateMark } from '../../components/StateMark';
import { Tabs } from '../../components/Tabs';
import { showSeconds } from '../../components/format/times';
import { useLost, useServerNow } from '../../components/hooks/useLost';
import { useSignal } from '../../components/hooks/useSignal';
import { Waiting } from '../../components/text/messages';
import { starredBy } from '../model/maps/best';
import { isElement } from '../model/maps/elements';
import { IKnownEstimate, isHeldUp, runEstimate } from '../model/estimates';
import { RunModel } from '../model/runModel';
import { EXECUTED, isScratch, runName } from '../model/names';
import { completed, runProgress, secondsOf, taskToFollow } from '../model/reducer';
import { IRunServices } from '../model/services';
import { FailureBanner } from './FailureBanner';
import { Gantt } from './charts/Gantt';
import { useChangedCode } from './context/changedCode';
import { useLastStep, useSharedStep } from './context/chosenStep';
import { RunContext, useActivity, useDetail, useEstimate, useServices } from './context/hooks';
import { Logs } from './logs/Logs';
import { Output } from './notebook/Output';
import { Parameters } from './parameters/Parameters';
import { Results } from './results/Results';
import { Tasks } from './tasks/Tasks';
import { reasonText } from '../../reasons';

const Lineage = lazy(() => import('./lineage/Lineage'));
const Metrics = lazy(() => import('./charts/Metrics'));
const Resources = lazy(() => import('./charts/Resources'));

interface IRunViewProps {
  services: IRunServices;
  model: RunModel;
  /** Show only these tabs, without a header. */
  only?: readonly string[];
  /** The tab that is shown first. */
  first?: string;
}

/** One run: its progress, its history and its results. */
export default function RunView(props: IRunViewProps): JSX.Element {
  const { services, model } = props;
  const detail = useDetail(model);
  const problem = useSignal(model.changed, () => model.problem);
  const { trans } = services;
  if (!detail) {
    const text = problem && trans.__('The run cannot be shown: %1', problem);
    return <Waiting problem={text}>{trans.__('Loading…')}</Waiting>;
  }
  return (
    <RunContext.Provider value={services}>
      <Shown {...props} detail={detail} />
    </RunContext.Provider>
  );
}

function Shown(props: IRunViewProps & { detail: RunDetail }): JSX.Element {
  const { model, detail, only, first = 'steps' } = props;
  const services = useServices();
  const { trans, yard } = services;
  const lost = useLost(yard.stream);
  const last = useLastStep(detail);
  const [tab, setTab] = useState((!only && last?.tab) || first);
  const [chosen, setChosen] = useState(last?.node);
  const [jump, setJump] = useState<number>();
  const isMap = (node: string) => !!model.elements(node);
  const step = chosen ?? taskToFollow(detail, isMap);
  const choose = useSharedStep(detail, ({ node, tab: next }) => {
    setChosen(node);
    if (next && !only) {
      setTab(next);
    }
  });
  const results = detail.tasks.reduce((sum, task) => sum + madeBy(task), 0);
  useEffect(() => setJump(undefined), [chosen]);
  const follows = chosen === undefined;
  const estimate = useEstimate(model, isLive(detail.run));
  const [attempt, setAttempt] = useState(0);
  useEffect(() => setAttempt(0), [step]);
  // the views of one task have the chosen element of a map as well
  const element = step === undefined ? undefined : model.task(step);
  const withElement = isElement(element)
    ? { ...detail, tasks: [...detail.tasks, element] }
    : detail;
  const chosenTask = { model, step, onStep: choose, attempt, onAttempt: setAttempt };
  const shared = { ...chosenTask, detail: withElement };
  const show = (node: string, next: string) => {
    choose(node);
    setTab(next);
  };
  const showLog = (number: number) => {
    setAttempt(number);
    setTab('logs');
  };
  return (
    <div className="nby-RunView">
      <Away lost={lost} trans={trans} />
      {!only && (
        <Header
          model={model}
          detail={detail}
          estimate={estimate}
          follows={follows}
          onFollow={() => choose(undefined)}
        />
      )}
      <FailureBanner
        detail={detail}
        onCell={(node, cell) => {
          choose(node);
          setTab('output');
          window.setTimeout(() => setJump(cell));
        }}
        isMap={isMap}
        onLog={node => show(node, isMap(node) ? 'steps' : 'logs')}
      />
      <Tabs
        label={trans.__('Run')}
        current={tab}
        onChange={setTab}
        tabs={[
          { id: 'steps', label: trans.__('Tasks'), mark: detail.tasks.length },
          { id: 'gantt', label: trans.__('Gantt') },
          { id: 'output', label: trans.__('Output') },
          { id: 'logs', label: trans.__('Logs') },
          { id: 'metrics', label: trans.__('Metrics') },
          { id: 'resources', label: trans.__('Resources') },
          { id: 'results', label: trans.__('Results'), mark: results || undefined },
          { id: 'lineage', label: trans.__('Lineage') },
          { id: 'parameters', label: trans.__('Details') }
        ].filter(({ id }) => !only || only.includes(id))}
      >
        <Boundary key={tab} trans={trans}>
          {tab === 'steps' && (
            <Tasks {...chosenTask} {...{ detail, estimate }} onLog={showLog} onShow={show} />
          )}
          {tab === 'gantt' && <Gantt {...shared} />}
          {tab === 'output' && <Output {...shared} jump={jump} />}
          {tab === 'logs' && <Logs {...shared} />}
          <Suspense fallback={<p className="nby-Note">{trans.__('Opening…')}</p>}>
            {tab === 'metrics' && <Metrics {...shared} follows={follows} />}
            {tab === 'resources' && <Resources {...shared} />}
            {tab === 'lineage' && (
              <Lineage services={services} start={{ kind: 'run', key: detail.run.id }} />
            )}
          </Suspense>
          {tab === 'results' && <Results {...shared} />}
          {tab === 'parameters' && <Parameters {...shared} />}
        </Boundary>
      </Tabs>
    </div>
  );
}

/** Return a tag, or the starred element in its place. */
function tagText(tag: string, model: RunModel, { tasks }: RunDetail): string {
  const key = starredBy(tag);
  const element = key && tasks.map(({ node }) => model.task(`${node}.${key}`)).find(isElement);
  return element ? `★ ${element.element.label}` : tag;
}

/** Return the number of its files, outputs and others, without the executed notebook. */
function madeBy({ artifacts = [], other_files }: Task): number {
  return artifacts.filter(({ name }) => name !== EXECUTED).length + (other_files?.count ?? 0);
}

/** Return whether there is an earlier run of the same file to compare with. */
function useHasPrevious(run: Run): boolean {
  const { yard } = useServices();
  const workflow = run.workflow_id || run.path;
  const isCompared = !isLive(run) && !isScratch(run) && run.number > 1 && !!workflow;
  const query = { workflow, after: run.id, limit: 1 };
  const { answer } = useAnswer(yard.client, 'runs.list', isCompared ? { query } : undefined);
  return isCompared && !!answer?.items.length;
}

interface IHeaderProps {
  model: RunModel;
  detail: RunDetail;
  estimate: IKnownEstimate | undefined;
  follows: boolean;
  onFollow: () => void;
}

function Header({ model, detail, estimate, follows, onFollow }: IHeaderProps): JSX.Element {
  const { trans, commands, yard } = useServices();
  const activity = useActivity(model);
  const { run } = detail;
  const live = isLive(run);
  const now = useServerNow(yard.stream, live);
  const count = detail.tasks.length;
  const failed = run.state === 'failed';
  const isCut = failed || run.state === 'cancelled';
  const done = isCut
    ? completed(detail)
    : detail.tasks.filter(task => task.finished_at || task.cached).length;
  const failures = detail.tasks.filter(({ state }) => state === 'failed').length;
  const percent = Math.round(
    (isCut
      ? done / Math.max(1, count)
      : runProgress(detail, activity, node => model.elements(node))) * 100
  );
  const isInProgress = ({ state }: Task) => state === 'running' || state === 'preparing';
  const waits =
    run.state === 'running' &&
    !detail.tasks.some(isInProgress) &&
    detail.tasks.find(isHeldUp)?.waits;
  const left = waits ? '' : runEstimate(estimate, detail.tasks, now, trans);
  const isOld = useChangedCode(detail);
  // the commands look at the list of runs, which changes a moment later
  useSignal(yard.runs.changed, () => yard.runs.find(run.id)?.state);
  const asked = live && run.cancel_requested_at;
  const [wasLive] = useState(live);
  const newest = useSignal(yard.runs.changed, () =>
    yard.runs.items.find(({ path }) => path === run.path)
  );
  const hasPrevious = useHasPrevious(run);
  const retry = mayChange(run) && run.state !== 'succeeded' && !isScratch(run) && (
    <CommandButton
      commands={commands}
      id="nbyard:retry-run"
      args={{ id: run.id, isKnown: isOld }}
      note={isOld ? trans.__('(Old Code)') : undefined}
      why={trans.__('Only a run that failed or was stopped can be retried')}
    />
  );
  return (
    <div className={`nby-RunView-header${wasLive && !live ? ' nby-mod-ended' : ''}`}>
      <span role="status">
        <StateMark state={waits ? 'waiting' : run.state} trans={trans} />
        {asked && <span> · {trans.__('stopping')}</span>}
      </span>
      <strong className="nby-RunView-title" title={run.path}>
        {run.name || run.title}
      </strong>
      {isScratch(run) ? (
        <span
          className="nby-Mark nby-mod-check"
          title={trans.__('This run is kept out of history and cache, and deleted automatically.')}
        >
          {runName(run, trans)}
        </span>
      ) : (
        <span className="nby-Dim">#{run.number}</span>
      )}
      {(run.tags ?? []).map(tag => (
        <span key={tag} className="nby-Chip" title={trans.__('Tag: %1', tag)}>
          {tagText(tag, model, detail)}
        </span>
      ))}
      {run.reason && run.state !== 'failed' && (
        <span className="nby-Dim">{reasonText(run.reason, trans)}</span>
      )}
      {waits && <span className="nby-Dim">{reasonText(waits, trans)}</span>}
      <span className="nby-Dim">{showSeconds(secondsOf(run, now))}</span>
      <progress
        className={`nby-Progress nby-mod-${run.state}`}
        aria-label={trans.__('Progress of the run')}
        max={100}
        value={percent}
      />
      <span className={failed ? 'nby-Failed' : 'nby-Dim'}>
        {failed
          ? trans.__('%1 of %2 tasks failed', failures, count)
          : trans.__('%1 of %2 tasks', done, count)}
      </span>
      {left && <span className="nby-Dim">{left}</span>}
      {/* IDs of runs sort by the time of their creation */}
      {run.workflow_id && newest && newest.id > run.id && (
        <LinkButton onClick={() => void commands.execute('nbyard:show-run', { id: newest.id })}>
          {trans.__('Newest run: %1', newest.number)}
        </LinkButton>
      )}
      {/* elsewhere, so that a click after a save does not run old code */}
      {!live && isOld && retry}
      <span className="nby-Space" />
      {!follows && live && (
        <Button title={trans.__('Show the running task')} onClick={onFollow}>
          {trans.__('Follow Running Task')}
        </Button>
      )}
      {!isScratch(run) && isOwner(run) && (
        <CommandButton commands={commands} id="nbyard:share" args={{ noun: 'run', id: run.id }} />
      )}
      {live ? (
        mayChange(run) && (
          <CommandButton commands={commands} id="nbyard:cancel-run" args={{ id: run.id }} />
        )
      ) : (
        <>
          {hasPrevious && (
            <CommandButton
              commands={commands}
              id="nbyard:compare-with-previous"
              args={{ id: run.id }}
            />
          )}
          {!isOld && retry}
          <CommandButton
            commands={commands}
            id="nbyard:rerun"
            args={{ id: run.id }}
            primary={isOld}
          />
        </>
      )}
    </div>
  );
}
