/** The pictures of cards in their own size. */
import { addressOf } from '../../api/addresses';
import type { ApiClient } from '../../api/client';
import { Artifact } from '../../api/types';

interface INotebook {
  cells: { outputs?: { data?: Record<string, string | string[]> }[] }[];
}

/** Return the picture that a small one was made of; the small one if it is of no artifact. */
export async function largePicture(
  client: ApiClient,
  small: string,
  artifact?: Artifact
): Promise<Blob> {
  const path = { artifact: artifact?.id ?? '' };
  const url = artifact ? addressOf(client, 'artifacts.content', { path }) : small;
  const content = await (await client.request(url, { method: 'GET' })).blob();
  return artifact?.format === 'ipynb'
    ? lastFigure(JSON.parse(await content.text()) as INotebook)
    : new Blob([content], { type: 'image/png' }); // the browser recognises JPEG
}

/** Return the last figure in the outputs of a notebook, as the server chooses it. */
export function lastFigure({ cells }: INotebook): Blob {
  const figures = cells
    .flatMap(({ outputs = [] }) => outputs)
    .map(({ data = {} }) => [data['image/png'] ?? data['image/jpeg'] ?? ''].flat().join(''))
    .filter(Boolean);
  const bytes = Uint8Array.from(atob(figures[figures.length - 1]), letter => letter.charCodeAt(0));
  return new Blob([bytes], { type: 'image/png' });
}
