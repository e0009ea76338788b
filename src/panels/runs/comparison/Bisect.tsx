import { useCallback, useEffect, useState } from 'react';
import { TranslationBundle } from '@jupyterlab/translation';
import {
  Bisection,
  BisectionChange,
  BisectionPreview,
  Run,
  RunComparison
} from '../../../api/types';
import { Button } from '../../../components/Button';
import { useChanges } from '../../../components/hooks/useChanges';
import { useAnswer } from '../../../api/useAnswer';
import { reasonText } from '../../../reasons';
import { ShowAsCommand } from '../../../spelling/ShowAsCommand';
import { IPanelServices } from '../../frame/services';
import { titleOf } from './compared';

type Labels = RunComparison['labels'] | undefined;

interface IBisectProps {
  services: IPanelServices;
  runs: readonly [Run, Run];
  /** The titles of nodes. */
  labels?: Labels;
  /** As `NODE.NAME`: the metric that decides, or those among which to choose. */
  metric?: string;
  metrics?: readonly string[];
  /** The name of the single item that differs, if no metric does. */
  only?: string;
}

/** Find which of the changes between two runs made the result bad. */
export function Bisect(props: IBisectProps): JSX.Element | null {
  const { services, runs, labels, metric = '', metrics = [], only } = props;
  const { trans } = services;
  // Without a metric, a run is good if it succeeded.
  const isBroken = runs.some(isGood) && runs.some(({ state }) => state === 'failed');
  const known = !metric && isBroken ? runs.find(isGood) : undefined;
  const [goodId, setGood] = useState(known?.id); // the runs are read again
  const [chosen, setChosen] = useState(metric);
  const [isOpen, setOpen] = useState(false);
  const good = runs.find(({ id }) => id === goodId) ?? runs[0];
  const bad = runs.find(run => run !== good)!;
  // the changes are the same for every metric
  const asked = isBroken ? chosen : chosen || metrics[0];
  // They survive closing. A late answer belongs to the metric that it was asked for.
  const [searches, setSearches] = useState<Record<string, Bisection>>({});
  const bisection = Object.hasOwn(searches, chosen) ? searches[chosen] : undefined;
  const setBisection = useCallback(
    (search: Bisection) => setSearches(all => ({ ...all, [chosen]: search })),
    [chosen]
  );
  const { client } = services.yard;
  const body = asked === undefined ? asked : { good: good.id, bad: bad.id, metric: asked };
  const answered = useAnswer(client, 'bisections.preview', body && { body });
  const { answer: preview, problem } = answered.isOld ? {} : answered;
  const [changes, setChanges] = useState<readonly BisectionChange[]>();
  useEffect(() => setChanges(before => preview?.changes ?? before), [preview]);
  if (asked === undefined && only) {
    return <p className="nby-Note">{trans.__('Only this changed: %1', only)}</p>;
  }
  if (asked !== undefined && !changes && !problem) {
    return null; // until it is known whether there is anything to find
  }
  if (changes && (changes.length < 2 || changes.every(({ reason }) => reason))) {
    const texts = changes.map(change => changeText(change, trans, labels));
    // The answer to *Why?* names a single change.
    return !metric && texts.length ? (
      <p className="nby-Note">{trans.__('Only this changed: %1', texts.join('; '))}</p>
    ) : null;
  }
  const isDecided = isBroken || !!chosen;
  return (
    <div className="nby-Bisect">
      <Button
        aria-expanded={isOpen}
        title={trans.__('Run combinations of the changes to find the one that made the result bad')}
        onClick={() => setOpen(!isOpen)}
      >
        {trans.__('Find the Change That Broke It…')}
      </Button>
      {isOpen && !isBroken && !metric && (
        <MetricChoice
          {...{ services, labels, metrics, chosen }}
          isSearching={bisection?.state === 'running'}
          onChoose={setChosen}
        />
      )}
      {isOpen && isDecided && !goodId && (
        <div role="group" aria-label={trans.__('Which run is good?')}>
          {trans.__('Which run is good?')}{' '}
          {runs.map(run => (
            <Button key={run.id} onClick={() => setGood(run.id)}>
              {trans.__('Run %1', run.number)}
            </Button>
          ))}
        </div>
      )}
      {isOpen && isDecided && goodId && (
        <Search
          key={chosen}
          {...{ services, preview, problem, metric: chosen, good: good.id, bad: bad.id }}
          {...{ labels, bisection, setBisection }}
        />
      )}
    </div>
  );
}

/** Return whether these are two ended runs of the same workflow or file. */
export function canBisect(runs: readonly Run[]): runs is [Run, Run] {
  const [first, second] = runs;
  if (runs.length !== 2 || !first.finished_at || !second.finished_at) {
    return false;
  }
  return first.workflow_id
    ? first.workflow_id === second.workflow_id
    : !second.workflow_id && first.path === second.path;
}

const isGood = ({ state }: Run): boolean => state === 'succeeded';

interface IMetricChoiceProps {
  services: IPanelServices;
  labels: Labels;
  metrics: readonly string[];
  chosen: string;
  /** A search by the chosen metric is running. */
  isSearching: boolean;
  onChoose: (metric: string) => void;
}

/** Choose the metric by which runs are judged that ended in the same way. */
function MetricChoice(props: IMetricChoiceProps): JSX.Element {
  const { services, labels, metrics, chosen, isSearching, onChoose } = props;
  const { trans } = services;
  if (!metrics.length) {
    return (
      <p role="status">
        {trans.__(
          'nbyard cannot tell which run is good: no metric differs, and not exactly one of the runs failed. Record a metric with nbyard.log_metric, then compare new runs.'
        )}
      </p>
    );
  }
  return (
    <label>
      {trans.__('Judge by')}{' '}
      <select
        value={chosen}
        disabled={isSearching}
        title={isSearching ? trans.__('Cancel the search to choose another metric') : undefined}
        onChange={event => onChoose(event.target.value)}
      >
        <option value="">{trans.__('Choose a metric')}</option>
        {metrics.map(name => (
          <option key={name} value={name}>
            {titleOf(name, labels)}
          </option>
        ))}
      </select>
    </label>
  );
}

interface ISearchProps {
  services: IPanelServices;
  preview?: BisectionPreview;
  problem?: string;
  good: string;
  bad: string;
  metric: string;
  bisection: Bisection | undefined;
  setBisection: (bisection: Bisection) => void;
  labels: Labels;
}

/** First the changes and the number of runs, then each verdict, then the culprits. */
function Search(props: ISearchProps): JSX.Element {
  const { services, preview, good, bad, metric, bisection, setBisection, labels } = props;
  const { yard, trans } = services;
  const [failure, setFailure] = useState('');
  const problem = props.problem || failure;
  const turn = useChanges(yard.stream, 'bisection');
  const running = bisection?.state === 'running' ? bisection.id : '';
  const fail = (error: Error) => setFailure(error.message);
  useEffect(() => {
    if (running) {
      const path = { bisection: running };
      yard.client.call('bisections.get', { path }).then(setBisection).catch(fail);
    }
  }, [yard, running, turn, setBisection]);
  const question = { body: { good, bad, metric } };
  const start = () =>
    void yard.client.call('bisections.create', question).then(setBisection).catch(fail);
  const cancel = () =>
    void yard.client
      .call('bisections.cancel', { path: { bisection: bisection!.id } })
      .then(setBisection)
      .catch(fail);
  if (problem) {
    return <p role="alert">{trans.__('Not searched: %1', problem)}</p>;
  }
  if (!preview) {
    return <p role="status">{trans.__('Looking for changes…')}</p>;
  }
  return (
    <>
      <ul>
        {preview.changes.map((change, at) => (
          <li
            key={at}
            className={bisection?.culprits?.includes(at) ? 'nby-mod-culprit' : undefined}
          >
            {changeText(change, trans, labels)}
            {change.reason && (
              <span className="nby-Dim">
                {' '}
                {trans.__('Cannot be tried: every run uses what this machine has now.')}
              </span>
            )}
          </li>
        ))}
      </ul>
      {!bisection && (
        <>
          {trans._n(
            '%1 change, about %2 runs, at most %3. They are kept out of history.',
            '%1 changes, about %2 runs, at most %3. They are kept out of history.',
            preview.changes.filter(({ reason }) => !reason).length,
            preview.expected,
            preview.limit
          )}{' '}
          <Button onClick={start}>{trans.__('Start')}</Button>
          <ShowAsCommand
            spelling={{
              client: yard.client,
              request: () => ({ id: 'bisections.create', question })
            }}
            trans={trans}
          />
        </>
      )}
      {bisection && <p role="status">{progressText(bisection, trans, labels)}</p>}
      {bisection?.state === 'running' && <Button onClick={cancel}>{trans.__('Cancel')}</Button>}
    </>
  );
}

/** Return a change on one line. */
export function changeText(
  change: BisectionChange,
  trans: TranslationBundle,
  labels?: Labels
): string {
  const { kind, name, nodes, before, after, files = [], reason } = change;
  const values = before || after ? `: ${before ?? '–'} → ${after ?? '–'}` : '';
  const at = nodes.map(node => titleOf(node, labels)).join(', ');
  if (reason) {
    return `${at}: ${reasonText(reason, trans)}`;
  }
  switch (kind) {
    case 'parameter':
      return trans.__('Parameter %1%2 (%3)', name, values, at);
    case 'data':
      return before && before === after
        ? trans.__('%1 (input %2 of %3)', before, name, at)
        : trans.__('Data of %1%2 (%3)', name, values, at);
    case 'input':
      return trans.__('Input %1%2 (%3)', name, values, at);
    case 'code':
      return trans.__('Code of %1%2', [name, ...files].join(', '), values);
    case 'files':
      return trans.__(
        'Files beside the code%1 (%2)',
        files.length ? `: ${files.join(', ')}` : '',
        at
      );
    case 'environment':
      return trans.__('Environment%1 (%2)', values, at);
    case 'limits':
      return trans.__('Limits%1 (%2)', values, at);
    default:
      return trans.__('Nodes and connections (%1)', at);
  }
}

function progressText(bisection: Bisection, trans: TranslationBundle, labels: Labels): string {
  const { state, ending, probes = [], expected, culprits = [], changes } = bisection;
  const names = culprits.map(at => changeText(changes[at], trans, labels)).join('; ');
  if (ending === 'found') {
    return trans.__('Cause of the bad result: %1', names);
  }
  if (ending === 'narrowed') {
    return trans.__('Some of these changes make the result bad: %1', names);
  }
  if (ending) {
    const others = changes
      .filter(({ reason }) => reason)
      .map(change => changeText(change, trans, labels));
    const text =
      ending === 'good-not-repeated'
        ? trans.__('The good run is not good when repeated now. Something else has changed.')
        : trans.__('The bad run is not bad when repeated now. Something else has changed.');
    return others.length ? `${text} ${trans.__('Perhaps: %1', others.join('; '))}` : text;
  }
  if (state === 'running') {
    return trans.__('Run %1 of about %2…', probes.length, Math.max(expected, probes.length));
  }
  return state === 'cancelled'
    ? trans.__('The search was cancelled.')
    : (reasonText(bisection.reason, trans) ?? '');
}
