import { PathExt } from '@jupyterlab/coreutils';
import { cellText, tagCell, tagged } from '../../api/documents/tagCell';
import { Run } from '../../api/types';
import { Binding, IArgument, readArguments, showValue } from '../../document/arguments';
import { Json } from '../../document/canonical';
import { askValues, IAskValues } from '../../forms/askValues';
import { ValuesHolder } from '../../forms/ValuesForm';
import { artifactsOf } from '../artifacts/collection';
import { inputSuggestions } from '../artifacts/inputs';
import { reasonText } from '../../reasons';
import { saveCode } from '../../api/documents/saveDocuments';
import { IPanelServices } from '../frame/services';

/** Ask for the values of the file's arguments, and run it; an open document is saved first. */
export async function runInBackground(
  services: IPanelServices,
  path: string,
  notes: readonly string[] = []
): Promise<void> {
  const { app, yard, trans, commands } = services;
  if (!path) {
    return;
  }
  await saveCode(services, { path });
  const { datasets } = yard;
  const artifacts = artifactsOf(yard);
  const [inspection] = await Promise.all([
    yard.client.call('executables.inspect', { body: { path } }),
    datasets.start(),
    artifacts.start()
  ]);
  const folder = PathExt.dirname(path);
  const fields = await withDefaultPaths(
    readArguments(inspection.arguments as Partial<IArgument>[]),
    folder,
    file => isThere(services, file)
  );
  const tag = inspection.tag_cell;
  const holder = new ValuesHolder(defaults(fields));
  holder.runtimes = yard.client.call('system.runtimes', {});
  const question = (holder: ValuesHolder) => {
    const { values, runtime, kept: containers, force, priority } = holder;
    const parameters = changed(fields, values);
    const how = { runtime, containers, force, priority, ...holder.sweep() };
    return { body: { path, parameters, ...how, origin: 'notebook' as const } };
  };
  const asked: IAskValues<Run> = {
    title: trans.__('Run “%1” in the background', PathExt.basename(path)),
    arguments: fields,
    inputs: inputSuggestions(services, datasets.items, artifacts.items, folder),
    hints: [...notes, ...(inspection.hints ?? []).map(hint => reasonText(hint, trans))],
    asksHow: true,
    canSweep: () => true,
    draft: JSON.stringify([path, fields]), // a draft belongs to what it was typed over
    ok: trans.__('Run'),
    other:
      typeof tag === 'number'
        ? {
            label: trans.__('Tag %1', cellText(tag, inspection.tag_names ?? [], trans)),
            act: async () => {
              await tagCell(app, yard.client, path, tag);
              await runInBackground(services, path, [tagged(tag, trans)]);
              return undefined;
            }
          }
        : undefined,
    trans,
    send: holder => yard.client.call('runs.create', question(holder)),
    spelling: {
      client: yard.client,
      request: holder => ({ id: 'runs.create', question: question(holder) })
    }
  };
  const made = await askValues(asked, holder);
  if (made) {
    yard.runs.put(made);
    await commands.execute('nbyard:show-run', { id: made.id });
  }
}

async function isThere({ app }: IPanelServices, path: string): Promise<boolean> {
  return app.serviceManager.contents.get(path, { content: false }).then(
    () => true,
    () => false
  );
}

/**
 * Return the arguments with the defaults of inputs as paths below the root. A file that does not
 * exist is no default: it would look like a value that was filled in.
 */
export async function withDefaultPaths(
  fields: readonly IArgument[],
  folder: string,
  isFile: (path: string) => Promise<boolean>
): Promise<IArgument[]> {
  return Promise.all(
    fields.map(async field => {
      const { role, default: usual, ...rest } = field;
      if (role !== 'input' || typeof usual !== 'string') {
        return field;
      }
      const path = PathExt.join(folder, usual);
      return usual && (await isFile(path)) ? { ...field, default: path } : { role, ...rest };
    })
  );
}

/** Return the defaults as values, so that the form shows them as such. */
function defaults(fields: readonly IArgument[]): Record<string, Binding> {
  return Object.fromEntries(
    fields.flatMap(({ name, role, default: usual }) =>
      role === 'output' || usual === undefined || usual === null ? [] : [[name, { value: usual }]]
    )
  );
}

/** Return the inputs, and the values that differ from their defaults. */
export function changed(
  fields: readonly IArgument[],
  values: Record<string, Json>
): Record<string, Json> {
  const kept = fields.filter(
    ({ name, role, default: usual }) =>
      name in values && (role === 'input' || showValue(values[name]) !== showValue(usual))
  );
  return Object.fromEntries(kept.map(({ name }) => [name, values[name]]));
}
