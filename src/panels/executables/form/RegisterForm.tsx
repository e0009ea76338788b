import { Notification } from '@jupyterlab/apputils';
import { useEffect, useMemo, useRef, useState } from 'react';
import { ApiError } from '../../../api/client';
import { fieldErrors } from '../../../forms/fieldErrors';
import { cellText, tagCell, tagged } from '../../../api/documents/tagCell';
import { Argument, Executable, Inspection, Invocation, Resources } from '../../../api/types';
import { Button } from '../../../components/Button';
import { freeName, stemOf } from '../../../components/format/freeName';
import { useDraft, useForgetDraft } from '../../../components/hooks/useDraft';
import { showProblem } from '../../../components/problems';
import { Reason, reasonText } from '../../../reasons';
import { IRequest } from '../../../api/operations';
import { Refusal } from '../../../components/text/messages';
import { ShowAsCommand } from '../../../spelling/ShowAsCommand';
import { IExecutableTarget, IPanelServices } from '../../frame/services';
import { ArgumentTable } from './ArgumentTable';
import { AskHelp } from './AskHelp';
import { readCommand, showCommand } from './commandWords';
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
  tag_cell?: number | null;
  tag_names?: readonly string[];
  /** Reads the file again, if it differs from the newest version. */
  renew?: () => Promise<void>;
}

/** What the user types. */
interface ITyped {
  name: string;
  command: string;
  drafts: readonly IDraft[];
  resources: Partial<Resources>;
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
  onTagged?: (inspection: Inspection) => void;
  onSaved: (saved: Executable) => void;
}

/** Name, command and arguments, to correct and to save. */
export function RegisterForm(props: IRegisterFormProps): JSX.Element {
  const { services, source, target, revision, onSaved } = props;
  const { yard, trans } = services;
  // A draft belongs to what it was typed over: saved over another revision, it would undo that one.
  const over = JSON.stringify([target.id, revision, source.arguments]);
  const [typed, setTyped] = useDraft(`register/${over}`, () => typedOf(source));
  const forgetDraft = useForgetDraft();
  const { name, command, drafts, resources } = typed;
  const change = (part: Partial<ITyped>) => setTyped(now => ({ ...now, ...part }));
  const untouched = useMemo(
    () => JSON.stringify(sentFields(typedOf(source), source.kind)),
    [source]
  );
  const commandLine = tellsArguments(source.kind)
    ? undefined
    : (readCommand(command) ?? source.command);
  const isSame = JSON.stringify(sentFields(typed, source.kind)) === untouched;
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);

  const form = useRef<HTMLFormElement>(null);
  const [taken, setTaken] = useState<ITaken>();
  // what the code lacks, its --help has
  const [isHelped, setHelped] = useDraft(`register/${over}/helped`, () => false);
  const isNew = target.id === undefined;
  useEffect(() => {
    // while the file was read, the user may have moved on
    if (isNew && document.activeElement?.contains(form.current)) {
      form.current?.querySelector<HTMLElement>('.nby-Register-line input')?.focus();
    }
  }, [isNew]);

  const request = (): IRequest => {
    const sent = sentFields(typed, source.kind);
    const { id, path, upload } = target;
    if (id === undefined) {
      const body = { path, upload, kind: source.kind, ...sent };
      return { id: 'executables.create', question: { body } };
    }
    const question = { path: { executable: id }, body: { revision, ...sent } };
    return { id: 'executables.update', question };
  };
  const save = async ({ name: wanted = name, of }: IInstead = {}) => {
    setBusy(true);
    setErrors({});
    setProblem('');
    setTaken(undefined);
    try {
      const sent = sentFields({ ...typed, name: wanted }, source.kind);
      const known = of ?? (target.id === undefined ? undefined : { id: target.id, revision });
      const saved = known
        ? await yard.client.call('executables.update', {
            path: { executable: known.id },
            body: { revision: known.revision, upload: of && target.upload, ...sent }
          })
        : await yard.client.call('executables.create', {
            body: { path: target.path, upload: target.upload, kind: source.kind, ...sent }
          });
      yard.executables.put(saved);
      Notification.success(
        trans.__('“%1” is saved, version %2.', saved.name, saved.current.number),
        { autoClose: 3000 }
      );
      forgetDraft('register');
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
  const message = general.length
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
      {!(isHelped && isNew) && <Hints {...props} />}
      <div className="nby-Register-line">
        <NameField
          name={name}
          error={errors.name}
          free={taken?.free}
          busy={busy}
          trans={trans}
          onChange={value => change({ name: value })}
          onFree={free => {
            change({ name: free });
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
              title={trans.__('As in a shell; {file} is the executable file')}
              onChange={event => change({ command: event.target.value })}
            />
          </label>
        )}
        {source.kind === 'command' && (
          <AskHelp
            services={services}
            of={
              target.id === undefined
                ? { path: target.path, upload: target.upload }
                : { executable: target.id }
            }
            onRead={inspection => {
              setHelped(true);
              change({ drafts: inspection.arguments.map(draftOf) });
            }}
          />
        )}
        {errors.command && (
          <span className="nby-Field-error" role="alert">
            {errors.command}
          </span>
        )}
      </div>
      {!!commandLine?.length && (
        <CommandLine
          services={services}
          draft={{
            arguments: argumentsOf(drafts),
            command: commandLine,
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
          onChange={value => change({ drafts: value })}
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
      <ResourceFields
        resources={resources}
        errors={errors}
        client={yard.client}
        trans={trans}
        onChange={value => change({ resources: value })}
      />
      {problem && <Refusal>{message}</Refusal>}
      {taken?.of && (
        <p>
          <Button disabled={busy} onClick={() => void save({ of: taken.of })}>
            {trans.__('Add as Version %1', taken.of.current.number + 1)}
          </Button>
        </p>
      )}
      <p>
        <button
          type="submit"
          className="nby-Button nby-mod-primary"
          disabled={busy || (target.id !== undefined && isSame)}
        >
          {target.id !== undefined ? trans.__('Save') : trans.__('Register')}
        </button>
      </p>
      <ShowAsCommand spelling={{ client: yard.client, request }} trans={trans} />
    </form>
  );
}

/** Return the content of the form before it is changed. */
function typedOf({ name, command, arguments: known, resources }: ISource): ITyped {
  return {
    name,
    command: showCommand(command ?? []),
    drafts: known.map(draftOf),
    resources: resources ?? {}
  };
}

/** Return what the form sends. */
function sentFields({ name, command, drafts, resources }: ITyped, kind: string) {
  return {
    name,
    arguments: argumentsOf(drafts) as Partial<Argument>[],
    resources,
    ...(!tellsArguments(kind) && { command: readCommand(command) })
  };
}

/** The server's hints; a notebook without a parameters cell can be tagged here. */
function Hints({ services, source, target, onTagged }: IRegisterFormProps): JSX.Element | null {
  const { yard, trans } = services;
  const { path } = target;
  if (!source.hints?.length) {
    return null;
  }
  const tag = async (cell: number) => {
    try {
      await tagCell(services.app, yard.client, path!, cell);
      Notification.success(tagged(cell, trans), { autoClose: 5000 });
      onTagged?.(await yard.client.call('executables.inspect', { body: { path } }));
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
      {typeof source.tag_cell === 'number' && path && (
        <Button onClick={() => void tag(source.tag_cell!)}>
          {trans.__('Tag %1', cellText(source.tag_cell, source.tag_names ?? [], trans))}
        </Button>
      )}
      {source.renew && (
        <Button onClick={() => void source.renew?.()}>
          {trans.__('Create the New Version Now')}
        </Button>
      )}
    </div>
  );
}
