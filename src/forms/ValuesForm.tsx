import { TranslationBundle } from '@jupyterlab/translation';
import { useState } from 'react';
import { Binding, IArgument } from '../document/arguments';
import { Json } from '../document/canonical';
import { ArgumentForm } from './ArgumentForm';

type Bindings = Readonly<Record<string, Binding | undefined>>;

/** What was filled in, for those who send it. */
export class ValuesHolder {
  bindings: Bindings = {};
  /** What the server said, by argument. */
  errors: Record<string, string> = {};
  problem = '';

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
  hints?: readonly string[];
  trans: TranslationBundle;
}

/** Values for the arguments of one executable. */
export function ValuesForm(props: IValuesFormProps): JSX.Element {
  const { holder, hints, trans } = props;
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
        bindings={bindings}
        errors={byArgument(holder.errors)}
        trans={trans}
        onChange={(name, binding) => {
          holder.bindings = { ...holder.bindings, [name]: binding };
          setBindings(holder.bindings);
        }}
      />
    </>
  );
}

/** "parameters.alpha" and "alpha" are both about alpha. */
function byArgument(errors: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(errors).map(([path, message]) => [path.split('.').pop()!, message])
  );
}
