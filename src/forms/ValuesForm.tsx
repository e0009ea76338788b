import { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useState } from 'react';
import { ApiError } from '../api/client';
import type { Runtimes } from '../api/types';
import { fieldErrors } from './fieldErrors';
import { More } from '../components/More';
import { useDraft } from '../components/hooks/useDraft';
import { Refusal } from '../components/text/messages';
import { CheckBox } from '../components/Button';
import { Binding, IArgument } from '../document/arguments';
import { Json } from '../document/canonical';
import { ArgumentForm, fieldsOf, IInputs } from './ArgumentForm';
import { useRuntimes } from './runtimes';
import { isSweepable, SweepField, SweepLink } from './SweepField';
import { ValueField } from './ValueField';

const NAMELESS: IInputs = { names: [], bring: () => null };

type Bindings = Readonly<Record<string, Binding | undefined>>;

/** The content of a form, for the code that sends it. */
export class ValuesHolder {
  constructor(public bindings: Bindings = {}) {}

  /** Empty: each node's setting, else the default. */
  runtime = '';
  /** Fresh for each node, or warm for the whole run; empty: the server's setting. */
  kept: '' | 'fresh' | 'warm' = '';
  /** Ignore the cache. */
  force = false;
  /** Whether the run is served before or after other runs. */
  priority?: number;
  /** The available runtimes, requested in advance. */
  runtimes?: Promise<Runtimes>;
  /** A note about containers for the runtime choice, requested in advance. */
  containers?: Promise<string>;
  /** The values of swept parameters as texts, by parameter; empty while none are typed. */
  sweeps: Readonly<Record<string, string>> = {};
  /** Messages of the server, by argument. */
  errors: Record<string, string> = {};
  problem = '';
  /** Texts of fields that are not committed, or unreadable. */
  texts: Readonly<Record<string, string>> = {};
  /** The same for the priority. */
  priorityText?: string;
  /** Unreadable fields with reasons; nothing may be sent while there are any. */
  readonly unread = new Map<string, string>();

  get values(): Record<string, Json> {
    return Object.fromEntries(
      Object.entries(this.bindings).flatMap(([name, binding]) =>
        binding && 'value' in binding && !this.sweeps[name] ? [[name, binding.value]] : []
      )
    );
  }

  /** The part of a request with the sweeps, under the names that `nameOf` returns. */
  sweep(nameOf = (name: string) => name): { sweep?: Record<string, string> } {
    const swept = Object.entries(this.sweeps).filter(([, text]) => text);
    return swept.length
      ? { sweep: Object.fromEntries(swept.map(([name, text]) => [nameOf(name), text])) }
      : {};
  }
}

/** The fields of a form besides the arguments. */
const OF_RUN = ['runtime', 'containers', 'priority'];

/** Put the messages of a refusal at their fields; what belongs to no field goes above the form. */
export function showRefusal(
  holder: ValuesHolder,
  fields: readonly IArgument[],
  error: ApiError
): void {
  const known = new Set([...OF_RUN, ...fields.map(({ name }) => name)]);
  const isShown = (path: string) => known.has(argumentOf(path));
  holder.errors = fieldErrors(error, isShown);
  const names = Object.keys(byArgument(holder.errors));
  const isSaid = names.length > 0 && names.every(name => known.has(name));
  const hint = error.details.length && isShown(error.details[0].path) ? '' : error.hint;
  holder.problem = isSaid ? '' : [error.message, hint].filter(Boolean).join(' ');
}

interface IValuesFormProps {
  arguments: readonly IArgument[];
  holder: ValuesHolder;
  /** Suggestions for inputs. */
  inputs?: IInputs;
  hints?: readonly string[];
  /** What the values are for, in a view that keeps them over a reload. */
  draft?: string;
  /** Also ask for the runtime and the use of the cache. */
  asksHow?: boolean;
  /** Returns whether a parameter may be swept; without it, none. */
  canSweep?: (name: string) => boolean;
  trans: TranslationBundle;
}

/** Values for the arguments of one executable. */
export function ValuesForm(props: IValuesFormProps): JSX.Element {
  const { holder, hints, asksHow, canSweep, trans } = props;
  const draft = `values/${props.draft ?? ''}`;
  const [bindings, setBindings] = useDraft(draft, () => holder.bindings);
  const [texts, setTexts] = useDraft(`${draft}/texts`, () => holder.texts);
  const [sweeps, setSweeps] = useDraft(`${draft}/sweeps`, () => holder.sweeps);
  holder.bindings = bindings;
  holder.texts = texts;
  holder.sweeps = sweeps;
  const errors = byArgument(holder.errors);
  const sweep = (name: string, text: string | undefined) => {
    holder.errors = without(holder.errors, name);
    holder.sweeps = withText(holder.sweeps, name, text);
    setSweeps(holder.sweeps);
  };
  const onUnread = (name: string, why: string | undefined) =>
    why === undefined ? holder.unread.delete(name) : holder.unread.set(name, why);
  return (
    <>
      <Refusal>{holder.problem}</Refusal>
      {hints?.map(hint => (
        <p key={hint} className="nby-Field-help">
          {hint}
        </p>
      ))}
      {(fieldsOf(props.arguments).length > 0 || !hints?.length) && (
        <ArgumentForm
          arguments={props.arguments}
          inputs={props.inputs ?? NAMELESS}
          bindings={bindings}
          errors={errors}
          trans={trans}
          rowOf={argument =>
            argument.name in sweeps ? (
              <SweepField
                {...{ argument, sweeps, trans }}
                arguments={props.arguments}
                error={errors[argument.name]}
                onText={text => sweep(argument.name, text)}
                onUnread={why => onUnread(argument.name, why)}
              />
            ) : undefined
          }
          asideOf={argument =>
            isSweepable(argument) &&
            canSweep?.(argument.name) && (
              <SweepLink
                {...{ trans, name: argument.name }}
                onClick={() => {
                  onUnread(argument.name, undefined);
                  sweep(argument.name, '');
                }}
              />
            )
          }
          drafts={texts}
          onText={(name, text) =>
            setTexts(known => (known[name] === text ? known : withText(known, name, text)))
          }
          onChange={(name, binding) => {
            holder.errors = without(holder.errors, name);
            holder.bindings = { ...holder.bindings, [name]: binding };
            setBindings(holder.bindings);
          }}
          onUnread={onUnread}
        />
      )}
      {asksHow && <How holder={holder} isAlone={!props.arguments.length} trans={trans} />}
    </>
  );
}

/** Return the messages but those of one argument. */
function without(errors: Record<string, string>, name: string): Record<string, string> {
  return Object.fromEntries(Object.entries(errors).filter(([path]) => argumentOf(path) !== name));
}

function withText(
  texts: Readonly<Record<string, string>>,
  name: string,
  text: string | undefined
): Readonly<Record<string, string>> {
  const { [name]: _, ...rest } = texts;
  return text === undefined ? rest : { ...rest, [name]: text };
}

interface IHowProps {
  holder: ValuesHolder;
  /** The form has no other fields. */
  isAlone: boolean;
  trans: TranslationBundle;
}

function How({ holder, isAlone, trans }: IHowProps): JSX.Element {
  const [runtime, setRuntime] = useState(holder.runtime);
  const [runtimes, note] = useRuntimes(holder.runtimes, runtime, trans);
  const [containers, setContainers] = useState('');
  useEffect(() => void holder.containers?.then(setContainers), [holder]);
  return (
    <More
      summary={trans.__('Run settings')}
      open={isAlone || OF_RUN.some(name => name in holder.errors)}
    >
      <div className="nby-Form nby-How">
        <RuntimeField
          runtimes={runtimes}
          value={runtime}
          note={[note, containers].filter(Boolean).join(' ')}
          error={holder.errors.runtime}
          trans={trans}
          onChange={value => setRuntime((holder.runtime = value))}
        />
        {runtimes.includes('docker') && ['', 'docker'].includes(runtime) && (
          <Containers holder={holder} trans={trans} />
        )}
        <Priority holder={holder} trans={trans} />
        <CheckBox defaultChecked={holder.force} onChange={force => (holder.force = force)}>
          {trans.__('Ignore the cache')}
        </CheckBox>
      </div>
    </More>
  );
}

interface IRuntimeFieldProps {
  runtimes: readonly string[];
  /** Empty: each node's setting, else the default. */
  value: string;
  /** Shown after the help. */
  note?: string;
  error?: string;
  trans: TranslationBundle;
  onChange: (value: string) => void;
}

/** A choice of the runtime of all nodes. */
function RuntimeField(props: IRuntimeFieldProps): JSX.Element {
  const { runtimes, value, note, error, trans, onChange } = props;
  return (
    <ValueField
      label={trans.__('Runtime')}
      type="choice"
      choices={runtimes}
      value={value || undefined}
      fallback={trans.__('set by each node')}
      help={[trans.__('A local process, a container, or a Dask cluster.'), note]
        .filter(Boolean)
        .join(' ')}
      error={error}
      trans={trans}
      onChange={chosen => onChange(String(chosen ?? ''))}
    />
  );
}

/** Chooses whether nodes share containers. */
function Containers({
  holder,
  trans
}: {
  holder: ValuesHolder;
  trans: TranslationBundle;
}): JSX.Element {
  const [kept, setKept] = useState(holder.kept);
  return (
    <ValueField
      label={trans.__('Containers')}
      type="choice"
      choices={['fresh', 'warm']}
      value={kept || undefined}
      fallback={trans.__('set by the server')}
      help={trans.__(
        'Fresh: a new container for each task. Warm: similar tasks of this run share one container. Notebooks start much faster in it.'
      )}
      error={holder.errors.containers}
      trans={trans}
      onChange={value => setKept((holder.kept = (value ?? '') as ValuesHolder['kept']))}
    />
  );
}

function Priority({ holder, trans }: { holder: ValuesHolder; trans: TranslationBundle }) {
  const [priority, setPriority] = useState(holder.priority);
  return (
    <ValueField
      label={trans.__('Priority')}
      type="int"
      value={priority}
      fallback={0}
      help={trans.__('From -100 to 100. Runs with a higher priority start first.')}
      error={holder.errors.priority}
      trans={trans}
      draft={holder.priorityText}
      onText={text => (holder.priorityText = text)}
      onChange={value => setPriority((holder.priority = value as number | undefined))}
      onUnread={why =>
        why === undefined ? holder.unread.delete('priority') : holder.unread.set('priority', why)
      }
    />
  );
}

/** Key errors by argument: "parameters.alpha" and "alpha" both mean alpha. */
function byArgument(errors: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(errors).map(([path, message]) => [argumentOf(path), message])
  );
}

/** Return the argument of a server's path ("parameters.rows"). */
function argumentOf(path: string): string {
  return path.split('.').pop()!;
}
