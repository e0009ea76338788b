import { TranslationBundle } from '@jupyterlab/translation';
import { Run } from '../../api/types';
import { stateText } from '../../components/StateMark';

const LAST = 5;

/** Return the last runs of the same workflow up to this one, oldest first. */
export function resultsUpTo(run: Run, runs: readonly Run[]): readonly Run[] {
  const { workflow_id: workflow } = run;
  const from = runs.indexOf(run);
  return workflow
    ? runs
        .slice(from)
        .filter(other => other.workflow_id === workflow)
        .slice(0, LAST)
        .reverse()
    : [run];
}

interface IRunStripProps {
  results: readonly Run[];
  trans: TranslationBundle;
}

/** The results as small bars; the text says the same. */
export function RunStrip({ results, trans }: IRunStripProps): JSX.Element {
  const words = results.map(({ number, state }) => `#${number} ${stateText(state, trans)}`);
  const text = trans.__('Last runs: %1', words.join(', '));
  return (
    <span className="nby-RunStrip" role="img" aria-label={text} title={text}>
      {results.map(({ id, state }) => (
        <span key={id} className={`nby-RunStrip-bar nby-mod-${state}`} />
      ))}
    </span>
  );
}
