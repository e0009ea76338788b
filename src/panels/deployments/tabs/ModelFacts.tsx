import { TranslationBundle } from '@jupyterlab/translation';
import { ModelPackage } from '../../../api/types';
import { Fact } from '../../../components/text/Facts';
import { Waiting } from '../../../components/text/messages';
import { useAnswer } from '../../../api/useAnswer';
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
  const { run, node, output, path: file } = sourceOf(made ?? unbuilt);
  const detail = useRun(services, run);
  // what a preview knows of the model in an output
  const path = !made && run && node ? { run, node, output: output ?? '' } : undefined;
  const known = useAnswer(services.yard.client, 'runs.output_preview', path && { path });
  const shown = known.answer?.model;
  if (later && !made) {
    return <Waiting>{later}</Waiting>;
  }
  const columns = (of: ModelPackage['model']['inputs'] = []) =>
    of.map(({ name, type, nullable }) => `${name}: ${type}${nullable ? '?' : ''}`).join(', ');
  const task = detail?.tasks.find(candidate => candidate.node === node);
  const title = task ? taskTitle(task, detail!.tasks) : node;
  const number = made?.source?.run_number ?? detail?.run.number;
  const from = output ? trans.__('%1 → %2, run %3', title ?? '…', output, number ?? '…') : file;
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
        <Fact key={word} name={word} title={text} isWide>
          {text || '–'}
        </Fact>
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

/** Summarize a lock: it has many packages, each with its hashes. */
function packages(lines: readonly string[], trans: TranslationBundle): string {
  const names = lines.map(line => line.split(/\s(?:--|;)/)[0]);
  const more = names.length - SHOWN;
  const shown = names.slice(0, SHOWN).join(', ');
  return more > 0 ? trans.__('%1 and %2 more', shown, more) : shown;
}
