import { TranslationBundle } from '@jupyterlab/translation';
import { Run } from '../../api/types';
import { stateText } from '../../components/StateMark';

/** The number of runs in a strip. */
export const LAST = 5;

/** What runs have in common: the workflow or, without one, the file or the name. */
const workOf = ({ workflow_id, path, title }: Run) => workflow_id || path || title;

/** Return the last runs of the same work up to this one, oldest first. */
export function resultsUpTo(run: Run, runs: readonly Run[]): readonly Run[] {
  const at = runs.indexOf(run);
  if (at < 0) {
    return [run]; // an older run than those that are loaded
  }
  return runs
    .slice(at)
    .filter(other => workOf(other) === workOf(run))
    .slice(0, LAST)
    .reverse();
}

interface IRunStripProps {
  results: readonly Run[];
  trans: TranslationBundle;
}

/** The results as small bars; the text says the same. */
export function RunStrip({ results, trans }: IRunStripProps): JSX.Element {
  const labels = results.map(({ number, state }) => `#${number} ${stateText(state, trans)}`);
  const text = trans.__('Last runs: %1', labels.join(', '));
  return (
    <span className="nby-RunStrip" role="img" aria-label={text} title={text}>
      {results.map(({ id, state }) => (
        <span key={id} className={`nby-RunStrip-bar nby-mod-${state}`} />
      ))}
    </span>
  );
}
