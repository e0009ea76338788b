import { ApiError } from '../../../api/client';
import { RunDetail } from '../../../api/types';
import { Facts } from '../../../components/text/Facts';
import { useAnswer } from '../../../api/useAnswer';
import { RunModel } from '../../model/runModel';
import { useServices } from '../context/hooks';

interface IRecordProps {
  model: RunModel;
  detail: RunDetail;
  node: string;
  attempt: number;
}

/** Machine, environment, image and code of a task; requested when first visible. */
export function Record({ model, detail, node, attempt }: IRecordProps): JSX.Element {
  const { trans, yard } = useServices();
  const task = detail.tasks.find(candidate => candidate.node === node);
  const mark = `${task?.state} ${task?.attempts?.length}`;
  const question = { path: { run: model.id, node }, query: { attempt } };
  const when = { turn: mark };
  const { answer, error, isOld } = useAnswer(yard.client, 'runs.surroundings', question, when);
  const surroundings = isOld || error ? undefined : answer;
  if (!surroundings) {
    const isMissing = error instanceof ApiError && error.status === 404;
    const problem = isMissing ? trans.__('No record exists for this task yet.') : error?.message;
    return <p className="nby-Note">{(!isOld && problem) || trans.__('Loading…')}</p>;
  }
  const { machine, lock, image } = surroundings;
  const facts: [string, string | undefined][] = [
    ...Object.entries(machine),
    [trans.__('Interpreter'), surroundings.interpreter],
    [trans.__('Kernel'), surroundings.kernel],
    [trans.__('Python'), lock ? `${lock.implementation} ${lock.python}` : undefined],
    [trans.__('Platform'), lock?.platform],
    [
      trans.__('Environment'),
      surroundings.environment
        ? trans.__('%1 version %2', surroundings.environment.name, surroundings.environment.number)
        : undefined
    ],
    [trans.__('SHA-256 of the lock'), surroundings.environment?.digest],
    [trans.__('Environment'), surroundings.fingerprint],
    [trans.__('Image'), image?.name],
    [trans.__('Image ID'), image?.id],
    [trans.__('Code'), surroundings.code_digest],
    [trans.__('Bundle'), surroundings.bundle_digest],
    [trans.__('Executable version'), surroundings.executable_version_id]
  ];
  const packages = lock?.packages ?? [];
  return (
    <>
      {task?.cached && (
        <p className="nby-Note">
          {trans.__(
            'This task came from the cache. The record describes the run that created its result.'
          )}
        </p>
      )}
      <Facts className="nby-Code" facts={facts} />
      <details>
        <summary>{trans._n('%1 package', '%1 packages', packages.length)}</summary>
        <ul className="nby-Packages">
          {packages.map(({ name, version, record }) => (
            <li key={name} title={record}>
              {name} <span className="nby-Dim">{version}</span>
            </li>
          ))}
        </ul>
      </details>
    </>
  );
}
