/** Shows the form for a run with new parameter values. */
import { TranslationBundle } from '@jupyterlab/translation';
import { Parameters, parameterFields } from '../../document/arguments';
import { isObject, Json, JsonObject } from '../../document/canonical';
import { askValues } from '../../forms/askValues';
import type { ISpelling } from '../../spelling/ShowAsCommand';
import { ValuesHolder } from '../../forms/ValuesForm';
import { IRunChoices } from '../model/tokens';

export async function askRun(
  path: string,
  parameters: Parameters,
  nodes: Readonly<Record<string, JsonObject>>,
  trans: TranslationBundle,
  known: Partial<Pick<ValuesHolder, 'containers' | 'force' | 'runtimes'>>,
  last: Readonly<Record<string, Json>>,
  { client, request }: ISpelling<[choices: IRunChoices]>,
  start: (choices: IRunChoices) => Promise<string>
): Promise<string | undefined> {
  const fields = parameterFields(parameters);
  const holder = new ValuesHolder(beginningOf(parameters, last));
  Object.assign(holder, known);
  const choicesOf = (given: ValuesHolder): IRunChoices => {
    const { values, runtime, kept, force, priority } = given;
    const sweep = given.sweep(name => usedBy(nodes, name)[0]);
    return { parameters: values, runtime, containers: kept, force, priority, ...sweep };
  };
  return askValues(
    {
      title: trans.__('Run with parameters'),
      arguments: fields,
      hints: fields.length
        ? [trans.__('These values apply to this run only.')]
        : [
            trans.__(
              'The workflow declares no parameters. To set a value of a node for a run: clear the selection, add a parameter in the inspector, then select it beside the field of the node.'
            )
          ],
      asksHow: true,
      canSweep: name => usedBy(nodes, name).length === 1,
      draft: JSON.stringify([path, parameters]),
      ok: trans.__('Run'),
      trans,
      send: given => start(choicesOf(given)),
      spelling: { client, request: given => request(choicesOf(given)) }
    },
    holder
  );
}

/** Return the arguments that are bound to a parameter, as NODE.NAME. A sweep is of one argument. */
export function usedBy(nodes: Readonly<Record<string, JsonObject>>, parameter: string): string[] {
  return Object.entries(nodes).flatMap(([id, node]) =>
    Object.entries(isObject(node.arguments) ? node.arguments : {})
      .filter(([, value]) => isObject(value) && value.parameter === parameter)
      .map(([name]) => `${id}.${name}`)
  );
}

/** Return the defaults; parameters without one start with the last run's value. */
export function beginningOf(
  parameters: Parameters,
  last: Readonly<Record<string, Json>>
): ValuesHolder['bindings'] {
  return Object.fromEntries(
    Object.entries(parameters).flatMap(([name, { default: usual }]) => {
      const value = usual ?? last[name];
      return value === undefined ? [] : [[name, { value }]];
    })
  );
}
