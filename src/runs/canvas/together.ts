/** The state of a card that stands for several tasks, such as a sub-workflow. */
import { TranslationBundle } from '@jupyterlab/translation';
import { STATE_ORDER } from '../../canvas/model/texts';
import { INodeRun, TaskState } from '../../canvas/model/tokens';

const LIVE: readonly TaskState[] = ['running', 'preparing', 'queued', 'waiting'];

/** Return the state of all of these tasks, which are at least one, by node. */
export function together(
  runs: ReadonlyMap<string, INodeRun>,
  card: string,
  trans: TranslationBundle
): INodeRun {
  const all = [...runs.values()];
  const state = STATE_ORDER.find(state => all.some(run => run.state === state))!;
  const [inner, first] = [...runs].find(([, run]) => run.state === state)!;
  const live = all.filter(run => LIVE.includes(run.state));
  const short = (node: string) => node.slice(card.length + 1);
  const made: INodeRun = {
    ...first,
    elements: undefined,
    state,
    inner,
    cached: all.every(run => run.cached)
  };
  if (first.reason && state === 'failed') {
    made.reason = `${short(inner)}: ${first.reason}`;
  }
  if (live.length) {
    const ended = all.length - live.length;
    made.detail = trans.__('%1 of %2 done', ended, all.length);
    made.progress = live.reduce((sum, { progress = 0 }) => sum + progress, ended) / all.length;
    delete made.seconds;
  } else {
    made.seconds = all.reduce((sum, { seconds = 0 }) => sum + seconds, 0);
  }
  const outputs = [...runs].flatMap(([node, { models }]) =>
    (models?.outputs ?? []).map(output => `${short(node)}.${output}`)
  );
  if (all.some(({ broken }) => broken)) {
    const named = (side: 'outputs' | 'inputs') =>
      [...runs].flatMap(([node, { broken }]) =>
        (broken?.[side] ?? []).map(port => `${short(node)}.${port}`)
      );
    made.broken = { outputs: named('outputs'), inputs: named('inputs') };
  }
  const of = all.find(({ models }) => models);
  made.models = of?.models && { ...of.models, outputs };
  made.preview = all.reverse().find(({ preview }) => preview)?.preview;
  return made;
}
