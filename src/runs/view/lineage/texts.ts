/** What the nodes of a lineage are called. */
import { TranslationBundle } from '@jupyterlab/translation';
import type { LineageNode } from '../../../api/types';
import { stateText } from '../../../components/StateMark';
import { Json } from '../../../document/canonical';
import { showValue } from '../../../document/arguments';

/** The graph shows this much of the value of a parameter. */
const CUT = 40;

export function kindText(kind: LineageNode['kind'], trans: TranslationBundle): string {
  const kinds: Record<LineageNode['kind'], string> = {
    artifact: trans.__('Result'),
    code: trans.__('Code'),
    dataset: trans.__('Dataset'),
    deployment: trans.__('Deployment'),
    environment: trans.__('Environment'),
    file: trans.__('File'),
    image: trans.__('Image'),
    model: trans.__('Model'),
    run: trans.__('Run'),
    task: trans.__('Task')
  };
  return kinds[kind];
}

export function nameOf(node: LineageNode, trans: TranslationBundle): string {
  return node.is_visible === false ? trans.__('not visible') : (node.name ?? '');
}

/** Return the second line of a node: its kind, version, run and state. */
export function detailOf(node: LineageNode, trans: TranslationBundle): string {
  const { kind, version, run, state, cached, is_deleted: isDeleted } = node;
  const isUsual = !state || state === 'ready' || state === 'succeeded';
  return [
    kindText(kind, trans),
    version && trans.__('version %1', version),
    // Scratch runs count below zero, which says nothing to users.
    run && (run.number < 0 ? trans.__('scratch run') : trans.__('run %1', run.number)),
    isDeleted
      ? trans.__('deleted')
      : cached
        ? trans.__('cached')
        : !isUsual && stateText(state, trans)
  ]
    .filter(Boolean)
    .join(' · ');
}

/** Return the parameters of a task, or how many packages an environment has. */
export function usedIn(node: LineageNode, trans: TranslationBundle): string {
  const count = Object.keys(node.packages ?? {}).length;
  return count ? trans._n('%1 package', '%1 packages', count) : parametersOf(node, CUT).join(', ');
}

function parametersOf({ parameters = {} }: LineageNode, most = Infinity): string[] {
  return Object.entries(parameters).map(([name, value]) => {
    const text = lineOf(value as Json);
    return `${name} = ${text.length > most ? `${text.slice(0, most - 1)}…` : text}`;
  });
}

/** Return a value on one line: as JSON, or plain if it is a text without line breaks. */
function lineOf(value: Json): string {
  const text = showValue(value);
  return value === null || /[\r\n]/.test(text) ? JSON.stringify(value) : text;
}

/** Return everything about a node, one fact per line. */
export function factsOf(node: LineageNode, trans: TranslationBundle): string {
  const { file, digest, run } = node;
  const git = run?.git;
  const packages = Object.entries(node.packages ?? {});
  return [
    nameOf(node, trans),
    detailOf(node, trans),
    run?.title,
    git && [git.branch, git.commit.slice(0, 10), git.is_dirty && '+'].filter(Boolean).join(' '),
    file !== node.name && file,
    digest,
    ...parametersOf(node),
    packages.length && usedIn(node, trans),
    ...packages.map(([name, version]) => `${name} ${version}`)
  ]
    .filter(Boolean)
    .join('\n');
}
