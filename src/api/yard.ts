/** The interface to the server side of nbyard for the browser. */
import { ServerConnection } from '@jupyterlab/services';
import { TranslationBundle } from '@jupyterlab/translation';
import { Token } from '@lumino/coreutils';
import { ApiClient } from './client';
import { Collection, collectionFor } from './collection';
import { EventStream } from './eventStream';
import { Dataset, Environment, Executable, Run, StoreEvent, Workflow } from './types';

export interface IYard {
  readonly client: ApiClient;
  readonly stream: EventStream;
  readonly datasets: Collection<Dataset>;
  readonly environments: Collection<Environment>;
  readonly executables: Collection<Executable>;
  readonly runs: Collection<Run>;
  readonly workflows: Collection<Workflow>;
}

export const IYard = new Token<IYard>(
  'nbyard:IYard',
  'Operations, events and collections of the nbyard server.'
);

export function connect(settings: ServerConnection.ISettings, trans?: TranslationBundle): IYard {
  const client = new ApiClient(settings, trans);
  const stream = new EventStream(client);
  return {
    client,
    stream,
    datasets: collectionFor<Dataset>(client, stream, 'dataset', aboutVersioned('dataset')),
    environments: collectionFor<Environment>(
      client,
      stream,
      'environment',
      aboutVersioned('environment')
    ),
    executables: collectionFor(client, stream, 'executable'),
    runs: new Collection({
      stream,
      list: query => client.call('runs.list', { query }),
      get: async id => {
        // a run may have thousands of tasks, so request only one
        const asked = { path: { run: id }, query: { limit: 1 } };
        const { run } = await client.call('runs.tasks', asked);
        return run.number < 0 ? null : run; // check runs and bisections are in no list
      },
      about: event =>
        isMove(event)
          ? undefined
          : event.topic === 'run' || event.topic === 'task'
            ? event.run_id || event.subject_id
            : null
    }),
    workflows: new Collection({
      stream,
      list: query => client.call('workflows.list', { query }),
      get: () => Promise.reject(new Error('workflows are listed only')),
      about: event => (event.topic === 'workflow' ? undefined : null)
    })
  };
}

/** Whether a workflow file was moved; its runs know the new path. */
export function isMove({ topic, data }: StoreEvent): boolean {
  return topic === 'workflow' && data.change === 'moved';
}

/** Find the item of an event for nouns with versions. */
const aboutVersioned =
  (noun: string) =>
  (event: StoreEvent, items: readonly { id: string; current: { id: string } }[]) =>
    event.topic === noun
      ? event.subject_id
      : event.topic === `${noun}-version`
        ? // the event names the version; a version we have not seen may be of any of them
          items.find(({ current }) => current.id === event.subject_id)?.id
        : null;
