import { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useState } from 'react';
import { Binding, IArgument } from '../document/arguments';
import { Json } from '../document/canonical';
import { ArgumentForm, IInputs } from './ArgumentForm';
import { useRuntimes } from './runtimes';
import { ValueField } from './ValueField';

const NAMELESS: IInputs = { names: [], bring: () => null };

type Bindings = Readonly<Record<string, Binding | undefined>>;

/** What was filled in, for those who send it. */
export class ValuesHolder {
  constructor(public bindings: Bindings = {}) {}

  /** Empty: where each step says, else the default. */
  runtime = '';
  /** Fresh for each step, or warm for the whole run; empty: as the server is set. */
  kept: '' | 'fresh' | 'warm' = '';
  /** Take nothing from the cache. */
  force = false;
  /** Whether it is served before other runs, or after them. */
  priority?: number;
  /** Asked meanwhile: what can be chosen as a runtime. */
  runtimes?: Promise<readonly string[]>;
  /** Asked meanwhile: a word on containers, for the choice of the runtime. */
  containers?: Promise<string>;
  /** What the server said, by argument. */
  errors: Record<string, string> = {};
  problem = '';
  /** Fields whose text cannot be taken, and why: nothing may be sent then. */
  readonly unread = new Map<string, string>();

  get values(): Record<string, Json> {
    return Object.fromEntries(
      Object.entries(this.bindings).flatMap(([name, binding]) =>
        binding && 'value' in binding ? [[name, binding.value]] : []
      )
    );
  }
}

interface IValuesFormProps {
  arguments: readonly IArgument[];
  holder: ValuesHolder;
  /** What is offered for inputs. */
  inputs?: IInputs;
  hints?: readonly string[];
  /** Ask also where it runs, and whether the cache is used. */
  asksHow?: boolean;
  trans: TranslationBundle;
}

/** Values for the arguments of one executable. */
export function ValuesForm(props: IValuesFormProps): JSX.Element {
  const { holder, hints, asksHow, trans } = props;
  const [bindings, setBindings] = useState(holder.bindings);
  return (
    <>
      {holder.problem && (
        <p className="nby-Field-error" role="alert">
          {holder.problem}
        </p>
      )}
      {hints?.map(hint => (
        <p key={hint} className="nby-Field-help">
          {hint}
        </p>
      ))}
      <ArgumentForm
        arguments={props.arguments}
        inputs={props.inputs ?? NAMELESS}
        bindings={bindings}
        errors={byArgument(holder.errors)}
        trans={trans}
        onChange={(name, binding) => {
          holder.bindings = { ...holder.bindings, [name]: binding };
          setBindings(holder.bindings);
        }}
        onUnread={(name, why) =>
          why === undefined ? holder.unread.delete(name) : holder.unread.set(name, why)
        }
      />
      {asksHow && <How holder={holder} trans={trans} />}
    </>
  );
}

function How({ holder, trans }: { holder: ValuesHolder; trans: TranslationBundle }): JSX.Element {
  const [runtime, setRuntime] = useState(holder.runtime);
  const runtimes = useRuntimes(holder.runtimes, runtime);
  const [containers, setContainers] = useState('');
  useEffect(() => void holder.containers?.then(setContainers), [holder]);
  return (
    <fieldset className="nby-Form nby-How">
      <legend>{trans.__('How it runs')}</legend>
      <ValueField
        label={trans.__('Runtime')}
        type="choice"
        choices={runtimes}
        value={runtime || undefined}
        fallback={trans.__('as each step says')}
        help={[trans.__('A local process, a container, or a Dask cluster.'), containers]
          .filter(Boolean)
          .join(' ')}
        error={holder.errors.runtime}
        trans={trans}
        onChange={value => {
          holder.runtime = String(value ?? '');
          setRuntime(holder.runtime);
        }}
      />
      {runtimes.includes('docker') && ['', 'docker'].includes(runtime) && (
        <Containers holder={holder} trans={trans} />
      )}
      <Priority holder={holder} trans={trans} />
      <label>
        <input
          type="checkbox"
          defaultChecked={holder.force}
          onChange={event => (holder.force = event.target.checked)}
        />{' '}
        {trans.__('Take nothing from the cache')}
      </label>
    </fieldset>
  );
}

/** Whether steps in containers share them. */
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
      fallback={trans.__('as the server is set')}
      help={trans.__(
        'Fresh: a new one for each step. Warm: steps of this run that are alike take turns in one, where notebooks start many times faster.'
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
      help={trans.__('From -100 to 100: a run of higher priority is served first.')}
      error={holder.errors.priority}
      trans={trans}
      onChange={value => setPriority((holder.priority = value as number | undefined))}
      onUnread={why =>
        why === undefined ? holder.unread.delete('priority') : holder.unread.set('priority', why)
      }
    />
  );
}

/** "parameters.alpha" and "alpha" are both about alpha. */
function byArgument(errors: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(errors).map(([path, message]) => [path.split('.').pop()!, message])
  );
}
