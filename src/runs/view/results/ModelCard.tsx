import type { DeployedAs } from '../../../api/types';
import { CommandButton, LinkButton } from '../../../components/Button';
import { stateText } from '../../../components/StateMark';
import { showBytes } from '../../../components/format/bytes';
import { useChanges } from '../../../components/hooks/useChanges';
import { useAnswer } from '../../../api/useAnswer';
import { useServices } from '../context/hooks';

interface IModelCardProps {
  model: { run: string; node: string; output: string };
  size: number;
}

/** A result that may be a model: its class, inputs, size and deployments, and *Deploy*. */
export function ModelCard({ model, size }: IModelCardProps): JSX.Element {
  const { trans, yard, commands } = useServices();
  const { run, node, output } = model;
  const question = { path: { run, node, output } };
  const known = useAnswer(yard.client, 'runs.output_preview', question);
  // null if the class stays unknown
  const described = known.isOld ? undefined : known.error ? null : (known.answer?.model ?? null);
  const deployments = useDeployments(run, `${node}.${output}`);
  const inputs = described?.inputs ?? [];
  const count = described?.features ?? inputs.length;
  const more = count - inputs.length;
  return (
    <section className="nby-ModelCard" aria-label={trans.__('Model %1', output)}>
      <h3>{described?.class_name || (described === undefined ? '…' : trans.__('Model'))}</h3>
      <dl>
        <dt>{trans.__('Inputs')}</dt>
        <dd>
          {inputs.map(name => (
            <span key={name} className="nby-ModelCard-input">
              {name}
            </span>
          ))}
          {inputs.length > 0 && more > 0 && trans.__('and %1 more', more)}
          {!inputs.length &&
            (count
              ? trans._n('%1 feature, without names', '%1 features, without names', count)
              : trans.__('not known before it is deployed'))}
        </dd>
        <dt>{trans.__('Size')}</dt>
        <dd>{showBytes(size)}</dd>
        {deployments.length > 0 && <dt>{trans.__('Deployed as')}</dt>}
        {deployments.map(({ id, name, title, state, other_run }) => (
          <dd key={id}>
            <LinkButton onClick={() => void commands.execute('nbyard:open-deployment', { id })}>
              {title || name}
            </LinkButton>
            {stateText(state, trans)}
            {!!other_run && ` ${trans.__('with the model of run %1', other_run)}`}
          </dd>
        ))}
      </dl>
      <CommandButton
        commands={commands}
        id="nbyard:deploy-output"
        args={{ run, output: `${node}.${output}`, isTile: true }}
      />
    </section>
  );
}

/** The deployments of an output, asked for again when one changes. */
function useDeployments(run: string, output: string): DeployedAs[] {
  const { yard } = useServices();
  const turn = useChanges(yard.stream, 'deployment');
  const question = { body: { run, output } };
  const { answer, error } = useAnswer(yard.client, 'models.deployed', question, { turn });
  return error ? [] : (answer?.items ?? []); // the sidebar lists them too
}
