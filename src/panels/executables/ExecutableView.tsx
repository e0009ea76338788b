import { useCallback, useEffect, useState } from 'react';
import { Executable, Inspection } from '../../api/types';
import { CommandButton } from '../../components/CommandButton';
import { Tabs } from '../../components/Tabs';
import { useSignal } from '../../components/useSignal';
import { kindIcon } from '../../icons';
import { IExecutableTarget, IPanelServices } from '../services';
import { RegisterForm } from './RegisterForm';
import { TestRun } from './TestRun';
import { ExecutableVersions } from './Versions';

interface IExecutableViewProps {
  services: IPanelServices;
  target: IExecutableTarget;
  /** A file was registered: from now on the view is of the executable. */
  onRegistered: (executable: Executable) => void;
}

/** One executable, or a file that may become one. */
export default function ExecutableView(props: IExecutableViewProps): JSX.Element {
  const { services, target, onRegistered } = props;
  return target.id !== undefined ? (
    <Registered key={target.id} services={services} id={target.id} tab={target.tab} />
  ) : (
    <Registering services={services} target={target} onRegistered={onRegistered} />
  );
}

function Registering({ services, target, onRegistered }: IExecutableViewProps): JSX.Element {
  const { yard, trans } = services;
  const { path, upload } = target;
  const [found, setFound] = useState<Inspection>();
  const [problem, setProblem] = useState<string>();
  const inspect = useCallback(async () => {
    try {
      const body = path !== undefined ? { path } : { upload };
      setFound(await yard.client.call('executables.inspect', { body }));
    } catch (error) {
      setProblem((error as Error).message);
    }
  }, [yard, path, upload]);
  useEffect(() => void inspect(), [inspect]);
  if (!found) {
    return (
      <p className="nby-Note" role={problem ? 'alert' : 'status'}>
        {problem ?? trans.__('Reading the arguments; nothing is run…')}
      </p>
    );
  }
  const Icon = kindIcon(found.kind);
  return (
    <div className="nby-View">
      <div className="nby-View-header">
        <Icon.react tag="span" className="nby-Icon" />
        <h2>
          {found.executable
            ? trans.__('Register “%1” again', found.name)
            : trans.__('Register “%1”', found.name)}
        </h2>
        <span className="nby-Dim">
          {[found.kind, found.language, path].filter(Boolean).join(' · ')}
        </span>
      </div>
      <RegisterForm
        key={JSON.stringify(found.arguments)}
        services={services}
        source={found}
        target={target}
        onTagged={setFound}
        onSaved={onRegistered}
      />
    </div>
  );
}

function Registered({
  services,
  id,
  tab: first
}: {
  services: IPanelServices;
  id: string;
  tab?: string;
}): JSX.Element {
  const { yard, trans, commands } = services;
  const { executables } = yard;
  const listed = useSignal(executables.changed, () => executables.find(id));
  const [found, setFound] = useState<Executable>();
  const [problem, setProblem] = useState<string>();
  const [tab, setTab] = useState(first ?? 'arguments');
  useEffect(() => setTab(first ?? 'arguments'), [first]);
  useEffect(() => {
    void executables.start();
    yard.client
      .call('executables.get', { path: { executable: id } })
      .then(setFound)
      .catch((error: Error) => setProblem(error.message));
  }, [yard, executables, id]);
  const executable = listed ?? found;
  if (!executable) {
    return <p className="nby-Note">{problem ?? trans.__('Loading…')}</p>;
  }
  const { current } = executable;
  const Icon = kindIcon(current.kind);
  return (
    <div className="nby-View">
      <div className="nby-View-header">
        <Icon.react tag="span" className="nby-Icon" />
        <h2>{executable.name}</h2>
        <span className="nby-Dim">
          {[current.kind, current.language, trans.__('version %1', current.number)]
            .filter(Boolean)
            .join(' · ')}
        </span>
        <span className="nby-Space" />
        {['edit-executable-source', 'copy-executable-id', 'delete-executable']
          .slice(executable.path ? 0 : 1) // what was uploaded has no source here
          .map(name => (
            <CommandButton key={name} commands={commands} id={`nbyard:${name}`} args={{ id }} />
          ))}
      </div>
      <Tabs
        label={trans.__('Executable')}
        current={tab}
        onChange={setTab}
        tabs={[
          { id: 'arguments', label: trans.__('Arguments'), mark: current.arguments.length },
          { id: 'test', label: trans.__('Test run') },
          { id: 'versions', label: trans.__('Versions'), mark: current.number }
        ]}
      >
        {tab === 'arguments' && (
          <RegisterForm
            key={current.id}
            services={services}
            source={{ ...current, name: executable.name, hints: executable.hints }}
            target={{ id }}
            revision={executable.revision}
            onSaved={saved => setFound(saved)}
          />
        )}
        {tab === 'test' && <TestRun key={current.id} services={services} executable={executable} />}
        {tab === 'versions' && <ExecutableVersions services={services} executable={executable} />}
      </Tabs>
    </div>
  );
}
