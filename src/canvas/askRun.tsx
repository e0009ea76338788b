/** The form in front of a run whose parameters are given anew. */
import { TranslationBundle } from '@jupyterlab/translation';
import { IArgument, Parameters } from '../document/arguments';
import { askValues } from '../forms/askValues';
import { ValuesHolder } from '../forms/ValuesForm';
import type { IRunChoices } from './running';

export async function askRun(
  parameters: Parameters,
  trans: TranslationBundle,
  known: Pick<ValuesHolder, 'containers' | 'runtimes'>,
  start: (choices: IRunChoices) => Promise<string>
): Promise<string | undefined> {
  const fields = fieldsOf(parameters);
  const holder = new ValuesHolder(defaultsOf(parameters));
  Object.assign(holder, known);
  return askValues(
    {
      title: trans.__('Run with parameters'),
      arguments: fields,
      hints: fields.length
        ? [trans.__('These values hold for this run; the workflow keeps its own.')]
        : [trans.__('Parameters are declared in the inspector, while no node is selected.')],
      asksHow: true,
      ok: trans.__('Run'),
      trans,
      send: ({ values, runtime, kept, force, priority }) =>
        start({ parameters: values, runtime, containers: kept, force, priority })
    },
    holder
  );
}

/** The parameters of a workflow as the fields of a form. */
export function fieldsOf(parameters: Parameters): IArgument[] {
  return Object.entries(parameters).map(([name, parameter]) => ({
    ...parameter,
    name,
    role: 'value',
    format: '',
    required: parameter.default === undefined
  }));
}

function defaultsOf(parameters: Parameters): ValuesHolder['bindings'] {
  return Object.fromEntries(
    Object.entries(parameters).flatMap(([name, { default: value }]) =>
      value === undefined ? [] : [[name, { value }]]
    )
  );
}
