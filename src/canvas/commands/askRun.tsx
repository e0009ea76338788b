/** Shows the form for a run with new parameter values. */
import { TranslationBundle } from '@jupyterlab/translation';
import { Parameters, parameterFields } from '../../document/arguments';
import { Json } from '../../document/canonical';
import { askValues } from '../../forms/askValues';
import type { ISpelling } from '../../spelling/ShowAsCommand';
import { ValuesHolder } from '../../forms/ValuesForm';
import { IRunChoices } from '../model/tokens';

export async function askRun(
  path: string,
  parameters: Parameters,
  trans: TranslationBundle,
  known: Partial<Pick<ValuesHolder, 'containers' | 'force' | 'runtimes'>>,
  last: Readonly<Record<string, Json>>,
  { client, request }: ISpelling<[choices: IRunChoices]>,
  start: (choices: IRunChoices) => Promise<string>
): Promise<string | undefined> {
  const fields = parameterFields(parameters);
  const holder = new ValuesHolder(beginningOf(parameters, last));
  Object.assign(holder, known);
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
      draft: JSON.stringify([path, parameters]),
      ok: trans.__('Run'),
      trans,
      send: given => start(choicesOf(given)),
      spelling: { client, request: given => request(choicesOf(given)) }
    },
    holder
  );
}

function choicesOf({ values, runtime, kept, force, priority }: ValuesHolder): IRunChoices {
  return { parameters: values, runtime, containers: kept, force, priority };
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
