import { Collection } from '../../api/collection';
import { NamedArtifact } from '../../api/types';
import { perYard } from '../../api/perYard';

/** An artifact is identified by the run that creates it. */
export type Artifact = NamedArtifact & { id: string };

/** Return the artifacts of a yard, loaded when they are first shown. */
export const artifactsOf = perYard(
  ({ client, stream }) =>
    new Collection<Artifact>({
      stream,
      list: async query => {
        const page = await client.call('artifacts.list', { query });
        return {
          ...page,
          items: page.items.map(artifact => ({ ...artifact, id: artifact.run_id }))
        };
      },
      get: () => Promise.reject(new Error('artifacts are listed only')),
      about: event => (event.topic === 'run' ? undefined : null)
    })
);

/** Return the names for an input: the artifact, with its output if it has several files. */
export function inputNames({ name, state, files }: Artifact): string[] {
  if (state !== 'succeeded') {
    return [];
  }
  return files.length === 1 ? [name] : files.map(file => `${name}.${file.name}`);
}
