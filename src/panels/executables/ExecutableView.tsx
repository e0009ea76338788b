import { Contents } from '@jupyterlab/services';
import { useCallback, useEffect, useRef, useState } from 'react';
import { Executable, Inspection } from '../../api/types';
import { belowRoot } from '../../api/paths';
import { Button } from '../../components/Button';
import { showProblem } from '../../components/problems';
import { Tabs } from '../../components/Tabs';
import { useSignal } from '../../components/hooks/useSignal';
import { Waiting } from '../../components/text/messages';
import { kindIcon } from '../../icons/items';
import { Reason, reasonText } from '../../reasons';
import { isOwner } from '../../components/format/roles';
import { HeadActions } from '../frame/HeadActions';
import { IExecutableTarget, IPanelServices } from '../frame/services';
import { exportExecutable } from './exportExecutable';
import { RegisterForm } from './form/RegisterForm';
import { TestRun } from './TestRun';
import { ExecutableVersions } from './Versions';

interface IExecutableViewProps {
  services: IPanelServices;
  target: IExecutableTarget;
  /** Called when a file was registered; the view then shows the executable. */
  onRegistered: (executable: Executable) => void;
}

/** One executable, or a file that may become one. */
export default function ExecutableView(props: IExecutableViewProps): JSX.Element {
  const { services, target, onRegistered } = props;
  return target.id !== undefined ? (
    <Registered key={target.id} services={services} id={target.id} target={target} />
  ) : (
    <Registering services={services} target={target} onRegistered={onRegistered} />
  );
}

function Registering({ services, target, onRegistered }: IExecutableViewProps): JSX.Element {
  const { yard, trans } = services;
  const { path, upload } = target;
  const [inspection, setInspection] = useState<Inspection>();
  const [problem, setProblem] = useState<string>();
  const inspect = useCallback(async () => {
    try {
      const body = path !== undefined ? { path } : { upload };
      setInspection(await yard.client.call('executables.inspect', { body }));
    } catch (error) {
      setProblem((error as Error).message);
    }
  }, [yard, path, upload]);
  useEffect(() => void inspect(), [inspect]);
  if (!inspection) {
    const text = trans.__('Reading the parameters without running the file…');
    return <Waiting problem={problem}>{text}</Waiting>;
  }
  const Icon = kindIcon(inspection.kind);
  return (
    <div className="nby-View">
      <div className="nby-View-header">
        <Icon.react tag="span" className="nby-Icon" />
        <h2>
          {inspection.executable
            ? trans.__('Register “%1” again', inspection.name)
            : trans.__('Register “%1”', inspection.name)}
        </h2>
        <span className="nby-Dim">
          {[inspection.kind, inspection.language, path].filter(Boolean).join(' · ')}
        </span>
      </div>
      <RegisterForm
        key={JSON.stringify(inspection.arguments)}
        services={services}
        source={inspection}
        target={target}
        onTagged={setInspection}
        onSaved={onRegistered}
      />
    </div>
  );
}

/** Return the executable, updated, and facts about its file; a text when it is gone. */
function useExecutable(
  { yard, app }: IPanelServices,
  id: string
): { executable?: Executable; hints?: readonly Reason[]; isChanged?: boolean; problem?: string } {
  const { executables } = yard;
  const listed = useSignal(executables.changed, () => executables.find(id));
  const [fetched, setFetched] = useState<Executable>();
  const [problem, setProblem] = useState<string>();
  const current = listed?.current.id;
  const path = fetched?.path;
  const read = useCallback(async () => {
    try {
      const fresh = await yard.client.call('executables.get', { path: { executable: id } });
      setFetched(fresh);
      if (yard.executables.find(id)) {
        yard.executables.put(fresh); // the list may be out of date
      }
    } catch (error) {
      setFetched(undefined);
      setProblem((error as Error).message);
    }
  }, [yard, id]);
  useEffect(() => void executables.start(), [executables]);
  useEffect(() => void read(), [read, current]); // lists do not check files
  useEffect(() => {
    const { contents } = app.serviceManager;
    const onChange = (_: unknown, change: Contents.IChangedArgs) => {
      if (path && [change.newValue?.path, change.oldValue?.path].includes(belowRoot(path))) {
        void read();
      }
    };
    contents.fileChanged.connect(onChange);
    return () => void contents.fileChanged.disconnect(onChange);
  }, [app, path, read]);
  const { hints, changed: isChanged } = fetched ?? {};
  return { executable: listed ?? fetched, hints, isChanged, problem };
}

interface IRegisteredProps {
  services: IPanelServices;
  id: string;
  target: IExecutableTarget;
}

function Registered({ services, id, target }: IRegisteredProps): JSX.Element {
  const { yard, trans, commands } = services;
  const { executable, hints, isChanged, problem } = useExecutable(services, id);
  const { tab: first = 'arguments' } = target;
  const [tab, setTab] = useState(first);
  useEffect(() => setTab(first), [first]);
  const heading = useRef<HTMLHeadingElement>(null);
  const isThere = !!executable;
  useEffect(() => {
    if (target.isNew && isThere) {
      heading.current?.focus(); // the button that was pressed is gone
    }
  }, [target, isThere]);
  if (!executable) {
    return <p className="nby-Note">{problem ?? trans.__('Loading…')}</p>;
  }
  const renew = async () => {
    try {
      const body = { path: belowRoot(executable.path) };
      yard.executables.put(await yard.client.call('executables.create', { body }));
      setTab('versions');
    } catch (error) {
      showProblem(trans.__('The new version was not created.'), error, trans);
    }
  };
  const { current } = executable;
  const Icon = kindIcon(current.kind);
  return (
    <div className="nby-View">
      <div className="nby-View-header">
        <Icon.react tag="span" className="nby-Icon" />
        <h2 ref={heading} tabIndex={-1}>
          {executable.name}
        </h2>
        <span className="nby-Dim">
          {[
            current.kind,
            current.language,
            trans.__('version %1', current.number),
            reasonText(current.not_reproducible, trans)
          ]
            .filter(Boolean)
            .join(' · ')}
        </span>
        <span className="nby-Space" />
        {current.kind === 'command' && (
          <Button
            title={trans.__('Download a CWL description of the command')}
            onClick={() => void exportExecutable(services, id)}
          >
            {trans.__('Export as CWL')}
          </Button>
        )}
        <HeadActions
          {...{ commands, trans }}
          ids={[
            executable.path ? 'nbyard:edit-executable-source' : 'nbyard:replace-executable',
            'nbyard:copy-executable-id',
            ...(isOwner(executable) ? ['nbyard:delete-executable'] : [])
          ]}
          args={{ id }}
        />
      </div>
      <Tabs
        label={trans.__('Executable')}
        current={tab}
        onChange={setTab}
        tabs={[
          { id: 'arguments', label: trans.__('Parameters'), mark: current.arguments.length },
          { id: 'test', label: trans.__('Test run') },
          { id: 'versions', label: trans.__('Versions'), mark: current.number }
        ]}
      >
        {tab === 'arguments' && (
          <RegisterForm
            key={current.id}
            services={services}
            source={{
              ...current,
              name: executable.name,
              hints,
              renew: isChanged && belowRoot(executable.path) ? renew : undefined
            }}
            target={{ id }}
            revision={executable.revision}
            onSaved={() => undefined}
          />
        )}
        {tab === 'test' && <TestRun key={current.id} services={services} executable={executable} />}
        {tab === 'versions' && <ExecutableVersions services={services} executable={executable} />}
      </Tabs>
    </div>
  );
}
