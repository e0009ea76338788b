import { TranslationBundle } from '@jupyterlab/translation';
import { ModelPackage } from '../../../api/types';
import { stepTitle } from '../../../runs/model/names';
import { IPanelServices } from '../../frame/services';
import { useRun } from './Lineage';

/** How many packages are shown. */
const SHOWN = 12;

interface IModelFactsProps {
  services: IPanelServices;
  /** Undefined while it is loading. */
  made: ModelPackage | undefined;
  /** Why the model is only read when it is deployed. */
  later: string;
}

/** Facts about a model: its origin, its inputs and outputs, its requirements. */
export function ModelFacts({ services, made, later }: IModelFactsProps): JSX.Element {
  const { trans } = services;
  const tasks = useRun(services, made?.source?.run_id)?.tasks;
  if (later && !made) {
    return (
      <p className="nby-Note" role="status">
        {later}
      </p>
    );
  }
  const columns = (of: ModelPackage['model']['inputs'] = []) =>
    of.map(({ name, type, nullable }) => `${name}: ${type}${nullable ? '?' : ''}`).join(', ');
  const source = made?.source;
  const task = tasks?.find(({ node }) => node === source?.node);
  const step = task ? stepTitle(task, tasks!) : source?.node;
  const from = source
    ? trans.__('%1 → %2, run %3', step, source.output, source.run_number)
    : made && made.path;
  const facts = [
    [trans.__('Model'), from ?? trans.__('Reading the model…')],
    [trans.__('Inputs'), columns(made?.model.inputs)],
    [trans.__('Outputs'), columns(made?.model.outputs)],
    [trans.__('Packages'), packages(made?.model.requirements ?? [], trans)]
  ];
  // One line for each fact, also before it is known, so that the fields below never move.
  return (
    <dl className="nby-Facts nby-mod-lines" aria-busy={!made}>
      {facts.map(([word, text]) => (
        <div key={word} className="nby-Facts-wide">
          <dt>{word}</dt>
          <dd title={text}>{text || '–'}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Summarize a lock: it has many packages, each with its hashes. */
function packages(lines: readonly string[], trans: TranslationBundle): string {
  const names = lines.map(line => line.split(/\s(?:--|;)/)[0]);
  const more = names.length - SHOWN;
  const shown = names.slice(0, SHOWN).join(', ');
  return more > 0 ? trans.__('%1 and %2 more', shown, more) : shown;
}
