import { useEffect, useState } from 'react';
import { TranslationBundle } from '@jupyterlab/translation';
import { Bisection, BisectionChange, BisectionPreview, Run } from '../../../api/types';
import { useChanges } from '../../../components/hooks/useChanges';
import { reasonText } from '../../../reasons';
import { ShowAsCommand } from '../../../spelling/ShowAsCommand';
import { IPanelServices } from '../../frame/services';

interface IBisectProps {
  services: IPanelServices;
  runs: readonly [Run, Run];
  /** As `NODE.NAME`; without one, a run is good if it succeeded. */
  metric?: string;
}

/** Find which of the changes between two runs made the result bad. */
export function Bisect({ services, runs, metric = '' }: IBisectProps): JSX.Element {
  const { trans } = services;
  const known = metric ? undefined : runs.find(({ state }) => state === 'succeeded');
  const [good, setGood] = useState<Run | undefined>(known);
  const [isOpen, setOpen] = useState(false);
  const bad = runs.find(run => run !== good);
  return (
    <div className="nby-Bisect">
      <button
        type="button"
        className="nby-Button"
        aria-expanded={isOpen}
        title={trans.__('Find the change that made the result bad, by running combinations')}
        onClick={() => setOpen(!isOpen)}
      >
        {trans.__('Bisect…')}
      </button>
      {isOpen && !good && (
        <div role="group" aria-label={trans.__('Which run is good?')}>
          {trans.__('Which run is good?')}{' '}
          {runs.map(run => (
            <button key={run.id} type="button" className="nby-Button" onClick={() => setGood(run)}>
              {trans.__('Run %1', run.number)}
            </button>
          ))}
        </div>
      )}
      {isOpen && good && bad && (
        <Search services={services} good={good.id} bad={bad.id} metric={metric} />
      )}
    </div>
  );
}

interface ISearchProps {
  services: IPanelServices;
  good: string;
  bad: string;
  metric: string;
}

/** First the changes and the number of runs, then each verdict, then the culprits. */
function Search({ services, good, bad, metric }: ISearchProps): JSX.Element {
  const { yard, trans } = services;
  const [preview, setPreview] = useState<BisectionPreview>();
  const [found, setFound] = useState<Bisection>();
  const [problem, setProblem] = useState('');
  const turn = useChanges(yard.stream, 'bisection');
  const running = found?.state === 'running' ? found.id : '';
  const fail = (error: Error) => setProblem(error.message);
  useEffect(() => {
    const control = new AbortController();
    const asked = { body: { good, bad, metric }, signal: control.signal };
    yard.client
      .call('bisections.preview', asked)
      .then(setPreview)
      .catch((error: Error) => !control.signal.aborted && fail(error));
    return () => control.abort();
  }, [yard, good, bad, metric]);
  useEffect(() => {
    if (running) {
      const path = { bisection: running };
      yard.client.call('bisections.get', { path }).then(setFound).catch(fail);
    }
  }, [yard, running, turn]);
  const question = { body: { good, bad, metric } };
  const start = () =>
    void yard.client.call('bisections.create', question).then(setFound).catch(fail);
  const cancel = () =>
    void yard.client
      .call('bisections.cancel', { path: { bisection: found!.id } })
      .then(setFound)
      .catch(fail);
  if (problem) {
    return <p role="alert">{trans.__('Not bisected: %1', problem)}</p>;
  }
  if (!preview) {
    return <p role="status">{trans.__('Looking for changes…')}</p>;
  }
  return (
    <>
      <ul>
        {preview.changes.map((change, at) => (
          <li key={at} className={found?.culprits?.includes(at) ? 'nby-mod-culprit' : undefined}>
            {changeText(change, trans)}
          </li>
        ))}
      </ul>
      {!found && (
        <>
          {trans.__(
            '%1 changes, about %2 runs, at most %3. They are kept out of history.',
            preview.changes.length,
            preview.expected,
            preview.limit
          )}{' '}
          <button
            type="button"
            className="nby-Button"
            disabled={!preview.changes.length}
            onClick={start}
          >
            {trans.__('Start')}
          </button>
          <ShowAsCommand
            spelling={{
              client: yard.client,
              request: () => ({ id: 'bisections.create', question })
            }}
            trans={trans}
          />
        </>
      )}
      {found && <p role="status">{progressText(found, trans)}</p>}
      {found?.state === 'running' && (
        <button type="button" className="nby-Button" onClick={cancel}>
          {trans.__('Cancel')}
        </button>
      )}
    </>
  );
}

/** Return a change on one line. */
export function changeText(change: BisectionChange, trans: TranslationBundle): string {
  const { kind, name, nodes, before, after } = change;
  const values = before || after ? `: ${before ?? '–'} → ${after ?? '–'}` : '';
  const at = nodes.join(', ');
  switch (kind) {
    case 'parameter':
      return trans.__('Parameter %1%2 (%3)', name, values, at);
    case 'data':
      return trans.__('Data of %1%2 (%3)', name, values, at);
    case 'input':
      return trans.__('Input %1%2 (%3)', name, values, at);
    case 'code':
      return trans.__('Code of %1%2', name, values);
    case 'files':
      return trans.__('Files beside the code (%1)', at);
    case 'environment':
      return trans.__('Environment%1 (%2)', values, at);
    case 'limits':
      return trans.__('Limits%1 (%2)', values, at);
    case 'graph':
      return trans.__('Nodes and connections (%1)', at);
  }
}

function progressText(found: Bisection, trans: TranslationBundle): string {
  const { state, ending, probes = [], expected, culprits = [], changes } = found;
  const names = culprits.map(at => changeText(changes[at], trans)).join('; ');
  if (ending === 'found') {
    return trans.__('These changes make the result bad: %1', names);
  }
  if (ending === 'narrowed') {
    return trans.__('Some of these changes make the result bad: %1', names);
  }
  if (ending) {
    return ending === 'good-not-repeated'
      ? trans.__('The good run is not good when repeated now. Something else has changed.')
      : trans.__('The bad run is not bad when repeated now. Something else has changed.');
  }
  if (state === 'running') {
    return trans.__('Run %1 of about %2…', probes.length, Math.max(expected, probes.length));
  }
  return state === 'cancelled'
    ? trans.__('The bisection was cancelled.')
    : (reasonText(found.reason, trans) ?? '');
}
