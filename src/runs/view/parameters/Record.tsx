import { useEffect, useState } from 'react';
import { ApiError } from '../../../api/client';
import { RunDetail, Surroundings } from '../../../api/types';
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
  const task = detail.tasks.find(one => one.node === node);
  const mark = `${task?.state} ${task?.attempts?.length}`;
  const [found, setFound] = useState<Surroundings>();
  const [problem, setProblem] = useState('');
  useEffect(() => {
    const control = new AbortController();
    setProblem('');
    setFound(undefined);
    yard.client
      .call('runs.surroundings', {
        path: { run: model.id, node },
        query: { attempt },
        signal: control.signal
      })
      .then(setFound)
      .catch((error: Error) => {
        if (!control.signal.aborted) {
          const missing = error instanceof ApiError && error.status === 404;
          setProblem(missing ? trans.__('No record exists for this task yet.') : error.message);
        }
      });
    return () => control.abort();
  }, [yard, trans, model.id, node, attempt, mark]);
  if (!found) {
    return <p className="nby-Note">{problem || trans.__('Loading…')}</p>;
  }
  const { machine, lock, image } = found;
  const facts: [string, string | undefined][] = [
    ...Object.entries(machine),
    [trans.__('Interpreter'), found.interpreter],
    [trans.__('Kernel'), found.kernel],
    [trans.__('Python'), lock ? `${lock.implementation} ${lock.python}` : undefined],
    [trans.__('Platform'), lock?.platform],
    [
      trans.__('Environment'),
      found.environment
        ? trans.__('%1 version %2', found.environment.name, found.environment.number)
        : undefined
    ],
    [trans.__('SHA-256 of the lock'), found.environment?.digest],
    [trans.__('Environment'), found.fingerprint],
    [trans.__('Image'), image?.name],
    [trans.__('Image ID'), image?.id],
    [trans.__('Code'), found.code_digest],
    [trans.__('Bundle'), found.bundle_digest],
    [trans.__('Executable version'), found.executable_version_id]
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
      <dl className="nby-Facts">
        {facts
          .filter(([, value]) => value)
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd className="nby-Code">{value}</dd>
            </div>
          ))}
      </dl>
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
