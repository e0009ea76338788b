import { Notification } from '@jupyterlab/apputils';
import { useRef, useState } from 'react';
import { ApiError, fieldErrors } from '../../../api/client';
import { Argument, Executable, Inspection, Invocation, Resources } from '../../../api/types';
import { freeName, stemOf } from '../../../components/format/freeName';
import { showProblem } from '../../../components/problems';
import { Reason, reasonText } from '../../../reasons';
import { IExecutableTarget, IPanelServices } from '../../frame/services';
import { ArgumentTable } from './ArgumentTable';
import { AskHelp } from './AskHelp';
import { CommandLine } from './CommandLine';
import { argumentsOf, draftOf, IDraft, tellsArguments } from './draft';
import { NameField } from '../../../forms/NameField';
import { ResourceFields } from './ResourceFields';

interface ISource {
  name: string;
  kind: string;
  arguments: readonly Partial<Argument>[];
  command?: readonly string[];
  file?: string;
  invocation?: Invocation;
  resources?: Partial<Resources>;
  hints?: readonly Reason[];
  can_tag?: boolean;
  /** Reads the file again, if it differs from the newest version. */
  renew?: () => Promise<void>;
}

/** How to save differently from the form's name and target. */
interface IInstead {
  name?: string;
  /** Save as a version of this executable. */
  of?: Executable;
}

/** The options for a taken name. */
interface ITaken {
  free: string;
  of?: Executable;
}

interface IRegisterFormProps {
  services: IPanelServices;
  source: ISource;
  target: IExecutableTarget;
  /** The revision of the executable to change; missing for a new registration. */
  revision?: number;
  onTagged?: (found: Inspection) => void;
  onSaved: (saved: Executable) => void;
}

/** Name, command and arguments, to correct and to save. */
export function RegisterForm(props: IRegisterFormProps): JSX.Element {
  const { services, source, target, revision, onSaved } = props;
  const { yard, trans } = services;
  const [name, setName] = useState(source.name);
  const [command, setCommand] = useState(JSON.stringify(source.command ?? []));
  const [drafts, setDrafts] = useState<readonly IDraft[]>(() => source.arguments.map(draftOf));
  const [resources, setResources] = useState<Partial<Resources>>(source.resources ?? {});
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);

  const form = useRef<HTMLFormElement>(null);
  const [taken, setTaken] = useState<ITaken>();

  const save = async ({ name: wanted = name, of }: IInstead = {}) => {
    setBusy(true);
    setErrors({});
    setProblem('');
    setTaken(undefined);
    try {
      const told = {
        name: wanted,
        arguments: argumentsOf(drafts) as Partial<Argument>[],
        resources,
        ...(!tellsArguments(source.kind) && { command: readCommand(command) })
      };
      const known = of ?? (target.id === undefined ? undefined : { id: target.id, revision });
      const saved = known
        ? await yard.client.call('executables.update', {
            path: { executable: known.id },
            body: { revision: known.revision, upload: of && target.upload, ...told }
          })
        : await yard.client.call('executables.create', {
            body: { path: target.path, upload: target.upload, kind: source.kind, ...told }
          });
      yard.executables.put(saved);
      Notification.success(
        trans.__('“%1” is saved, version %2.', saved.name, saved.current.number),
        { autoClose: 3000 }
      );
      onSaved(saved);
    } catch (error) {
      setErrors(fieldErrors(error));
      setProblem((error as Error).message);
      if (error instanceof ApiError && error.code === 'name-taken') {
        const { executables } = yard;
        const others = await executables.search(stemOf(wanted)).catch(() => executables.items);
        const of = others.find(other => other.name === wanted && !other.path);
        setTaken({ free: freeName(wanted, others), of: target.upload ? of : undefined });
      }
      requestAnimationFrame(() =>
        form.current?.querySelector<HTMLElement>('.nby-mod-invalid :is(input, select)')?.focus()
      );
    } finally {
      setBusy(false);
    }
  };
  const general = Object.entries(errors).filter(
    ([path]) => !/^(arguments\.|resources\.|name$|command)/.test(path)
  );
  const told = general.length
    ? general.map(([path, text]) => `${path}: ${text}`).join(' · ')
    : Object.keys(errors).length
      ? trans.__('Not saved: see the marked fields.')
      : problem;
  return (
    <form
      ref={form}
      className="nby-Register"
      onSubmit={event => {
        event.preventDefault();
        void save();
      }}
    >
      <Hints {...props} />
      <div className="nby-Register-line">
        <NameField
          name={name}
          error={errors.name}
          free={taken?.free}
          busy={busy}
          trans={trans}
          onChange={setName}
          onFree={free => {
            setName(free);
            void save({ name: free });
          }}
        />
        {!tellsArguments(source.kind) && (
          <label>
            {trans.__('Command')}{' '}
            <input
              className="nby-Code"
              value={command}
              spellCheck={false}
              title={trans.__('A JSON list; {file} is the script')}
              onChange={event => setCommand(event.target.value)}
            />
          </label>
        )}
        {source.kind === 'command' && (target.path || target.upload) && (
          <AskHelp
            services={services}
            of={{ path: target.path, upload: target.upload }}
            onRead={found => setDrafts(found.arguments.map(draftOf))}
          />
        )}
        {errors.command && (
          <span className="nby-Field-error" role="alert">
            {errors.command}
          </span>
        )}
      </div>
      {!!source.command?.length && (
        <CommandLine
          services={services}
          draft={{
            arguments: argumentsOf(drafts),
            command: readCommand(command) ?? source.command,
            file: source.file,
            invocation: source.invocation
          }}
        />
      )}
      {drafts.length || !tellsArguments(source.kind) ? (
        <ArgumentTable
          drafts={drafts}
          kind={source.kind}
          errors={errors}
          trans={trans}
          onChange={setDrafts}
        />
      ) : (
        <p className="nby-Note">{trans.__('This executable has no parameters.')}</p>
      )}
      {drafts.every(({ role }) => role === 'value') && (
        <p className="nby-Note">
          {trans.__(
            'The executable has no named input or output, so it runs alone and cannot be connected on a canvas.'
          )}
        </p>
      )}
      <ResourceFields resources={resources} errors={errors} trans={trans} onChange={setResources} />
      {problem && (
        <p className="nby-Field-error" role="alert">
          {told}
        </p>
      )}
      {taken?.of && (
        <p>
          <button
            type="button"
            className="nby-Button"
            disabled={busy}
            onClick={() => void save({ of: taken.of })}
          >
            {trans.__('Add as Version %1', taken.of.current.number + 1)}
          </button>
        </p>
      )}
      <p>
        <button type="submit" className="nby-Button nby-mod-primary" disabled={busy}>
          {target.id !== undefined ? trans.__('Save') : trans.__('Register')}
        </button>
      </p>
    </form>
  );
}

/** The server's hints; a notebook without a parameters cell can be tagged here. */
function Hints({ services, source, target, onTagged }: IRegisterFormProps): JSX.Element | null {
  const { yard, trans } = services;
  const { path } = target;
  if (!source.hints?.length) {
    return null;
  }
  const tag = async () => {
    try {
      const file = await services.app.serviceManager.contents.get(path!);
      const cells = (file.content as { cells: { cell_type: string; source: unknown }[] }).cells;
      const cell = cells.findIndex(one => one.cell_type === 'code');
      onTagged?.(
        await yard.client.call('executables.tag', { body: { path, cell: Math.max(0, cell) } })
      );
    } catch (error) {
      showProblem(trans.__('Not tagged.'), error, trans);
    }
  };
  return (
    <div className="nby-Warning">
      {source.hints
        .map(hint => reasonText(hint, trans))
        .map(hint => (
          <div key={hint}>{hint}</div>
        ))}
      {source.can_tag && path && (
        <button type="button" className="nby-Button" onClick={() => void tag()}>
          {trans.__('Tag the First Cell')}
        </button>
      )}
      {source.renew && (
        <button type="button" className="nby-Button" onClick={() => void source.renew?.()}>
          {trans.__('Create the New Version Now')}
        </button>
      )}
    </div>
  );
}

/** Parse the argument vector; a text that is not a list becomes one word. */
function readCommand(text: string): string[] | undefined {
  if (!text.trim() || text.trim() === '[]') {
    return undefined;
  }
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.map(String) : [text];
  } catch {
    return text.trim().split(/\s+/);
  }
}
