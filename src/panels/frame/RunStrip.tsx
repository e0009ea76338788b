import { TranslationBundle } from '@jupyterlab/translation';
import { Run, Workflow } from '../../api/types';
import { stateText } from '../../components/StateMark';

/** The number of runs in a strip. */
export const LAST = 5;

/** Return the last runs of the same work up to this one, oldest first. */
export function resultsUpTo(
  run: Run,
  runs: readonly Run[],
  workflows: readonly Workflow[] = []
): readonly Run[] {
  const shared = workflows.filter(({ same_as }) => same_as?.length);
  /** What runs have in common: the workflow or, without one, the file or the name. */
  const workOf = ({ workflow_id: id, path, title }: Run) =>
    shared.find(({ same_as }) => same_as!.includes(id))?.id || id || path || title;
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

/** What a bar shows; `label` says the same. */
export interface IResult {
  id: string;
  state: string;
  label: string;
  /** The run, if one was started. */
  run?: Partial<Run>;
}

export function resultOf(run: Run, trans: TranslationBundle): IResult {
  const { id, number, state } = run;
  return { id, state, run, label: `#${number} ${stateText(state, trans)}` };
}

interface IRunStripProps {
  results: readonly IResult[];
  trans: TranslationBundle;
}

/** The results as small bars; the text says the same. */
export function RunStrip({ results, trans }: IRunStripProps): JSX.Element {
  const text = trans.__('Last runs: %1', results.map(({ label }) => label).join(', '));
  return (
    <span className="nby-RunStrip" role="img" aria-label={text} title={text}>
      {results.map(({ id, state }) => (
        <span key={id} className={`nby-RunStrip-bar nby-mod-${state}`} />
      ))}
    </span>
  );
}
