/** What the form offers for the runs of an automation. */
import { belowRoot } from '../../../api/paths';
import { Automation, NewRun, Runtimes } from '../../../api/types';
import { IYard } from '../../../api/yard';
import {
  IArgument,
  parameterFields,
  readArguments,
  readParameters
} from '../../../document/arguments';
import { parseFlow } from '../../../document/flow';
import { ALWAYS } from '../../../forms/runtimes';
import { IPanelServices } from '../../frame/services';

export interface IOffered {
  /** The arguments of the code; none if it cannot be read. */
  fields: Promise<readonly IArgument[]>;
  runtimes: Promise<Runtimes>;
  /** The automations that the file has already. */
  automations: () => Promise<readonly Automation[]>;
}

/** Request what the form offers. */
export function offeredFor(services: IPanelServices, run: Partial<NewRun>): IOffered {
  const { client } = services.yard;
  return {
    fields: orNone(argumentsOf(services, run)),
    runtimes: client.call('system.runtimes', {}).catch(() => ALWAYS),
    automations: () => orNone(automationsOf(client, run.path))
  };
}

/** Without an offer, values can still be typed. */
async function orNone<T>(asked: Promise<readonly T[]>): Promise<readonly T[]> {
  return asked.catch(() => []);
}

async function automationsOf(client: IYard['client'], path = ''): Promise<Automation[]> {
  return path ? (await client.call('automations.list', { query: { path, limit: 3 } })).items : [];
}

async function argumentsOf(
  { app, yard }: IPanelServices,
  { path: stored, executable }: Partial<NewRun>
): Promise<IArgument[]> {
  if (executable) {
    const { current } = await yard.client.call('executables.get', { path: { executable } });
    return readArguments(current.arguments as Partial<IArgument>[]);
  }
  const path = belowRoot(stored ?? '');
  if (!path) {
    return [];
  }
  if (path.endsWith('.nbflow')) {
    const { contents } = app.serviceManager;
    const { content } = await contents.get(path, { type: 'file', format: 'text', content: true });
    return parameterFields(readParameters(parseFlow(content as string)?.meta ?? {}));
  }
  const inspection = await yard.client.call('executables.inspect', { body: { path } });
  return readArguments(inspection.arguments as Partial<IArgument>[]);
}
