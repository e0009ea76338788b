import { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useState } from 'react';
import { ModelPackage, NodePreview } from '../../../api/types';
import { taskTitle } from '../../../runs/model/names';
import { IModelSource, IPanelServices } from '../../frame/services';
import { useRun } from './Lineage';

/** How many packages are shown. */
const SHOWN = 12;

interface IModelFactsProps {
  services: IPanelServices;
  /** Undefined while it is loading. */
  made: ModelPackage | undefined;
  /** Why the model is only read when it is deployed. */
  later: string;
  /** The source of a model that cannot be built yet. */
  unbuilt?: IModelSource;
}

/** Facts about a model: its origin, its inputs and outputs, its requirements. */
export function ModelFacts({ services, made, later, unbuilt }: IModelFactsProps): JSX.Element {
  const { trans } = services;
  const { run, node, output, path } = sourceOf(made ?? unbuilt);
  const detail = useRun(services, run);
  const shown = useShown(services, made || node === undefined ? undefined : { run, node, output });
  if (later && !made) {
    return (
      <p className="nby-Note" role="status">
        {later}
      </p>
    );
  }
  const columns = (of: ModelPackage['model']['inputs'] = []) =>
    of.map(({ name, type, nullable }) => `${name}: ${type}${nullable ? '?' : ''}`).join(', ');
  const task = detail?.tasks.find(candidate => candidate.node === node);
  const title = task ? taskTitle(task, detail!.tasks) : node;
  const number = made?.source?.run_number ?? detail?.run.number;
  const from = output ? trans.__('%1 → %2, run %3', title ?? '…', output, number ?? '…') : path;
  const unknown = unbuilt && !made ? trans.__('known once the model is built') : '';
  const facts = [
    [trans.__('Model'), from ?? trans.__('Reading the model…')],
    [
      trans.__('Inputs'),
      columns(made?.model.inputs) || (shown?.inputs ?? []).join(', ') || unknown
    ],
    [trans.__('Outputs'), columns(made?.model.outputs) || unknown],
    [trans.__('Packages'), packages(made?.model.requirements ?? [], trans) || unknown]
  ];
  // One line for each fact, also before it is known, so that the fields below never move.
  return (
    <dl className="nby-Facts nby-mod-lines" aria-busy={!made && !unbuilt}>
      {facts.map(([word, text]) => (
        <div key={word} className="nby-Facts-wide">
          <dt>{word}</dt>
          <dd title={text}>{text || '–'}</dd>
        </div>
      ))}
    </dl>
  );
}

interface ISource {
  run?: string;
  node?: string;
  output?: string;
  path?: string;
}

/** Return where a model comes from: a built one, or what a request names, such as "train.model". */
function sourceOf(model: ModelPackage | IModelSource | undefined): ISource {
  if (!model) {
    return {};
  }
  if ('source' in model || !('run' in model)) {
    const { source, path } = model as Partial<ModelPackage>;
    return source ? { ...source, run: source.run_id } : { path };
  }
  const { run, output } = model;
  const [node, name] = output.split(/\.(?=[^.]*$)/);
  return name === undefined ? { run, output } : { run, node, output: name };
}

/** Return what a preview knows of the model in an output. */
function useShown({ yard }: IPanelServices, of: ISource | undefined): NodePreview['model'] {
  const [shown, setShown] = useState<NodePreview['model']>(null);
  const { run = '', node = '', output = '' } = of ?? {};
  useEffect(() => {
    if (run) {
      const control = new AbortController();
      const { signal } = control;
      yard.client
        .call('runs.output_preview', { path: { run, node, output }, signal })
        .then(preview => setShown(preview.model))
        .catch(() => undefined); // the inputs stay unknown
      return () => control.abort();
    }
    return undefined;
  }, [yard, run, node, output]);
  return shown;
}

/** Summarize a lock: it has many packages, each with its hashes. */
function packages(lines: readonly string[], trans: TranslationBundle): string {
  const names = lines.map(line => line.split(/\s(?:--|;)/)[0]);
  const more = names.length - SHOWN;
  const shown = names.slice(0, SHOWN).join(', ');
  return more > 0 ? trans.__('%1 and %2 more', shown, more) : shown;
}
