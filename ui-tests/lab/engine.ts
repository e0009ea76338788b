/** The Docker engine of the run, with one of its images. */
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { ofRun } from './places';
import type { IEngine } from './run';
import { test } from './test';

/** Images with a shell and a few programs, with Python, with JupyterLab, or of a recipe. */
type Kind = 'tiny_image' | 'base_image' | 'lab_image' | 'recipe_image';

const IMAGE_MS = 1_500_000;

/** Journeys with an engine, whose server has these settings besides. */
export function withEngine(
  kind: Kind,
  settings: (image: string) => NodeJS.ProcessEnv = () => ({}),
  ...folders: string[]
) {
  return test.extend<{ engine: IEngine }>({
    engine: [
      async ({}, use) => use(await find([kind, ...folders].join(' '))),
      { timeout: IMAGE_MS }
    ],
    environment: ({ engine: { url, image } }, use) =>
      use({ NBYARD_DOCKER_HOST: url, ...settings(image) })
  });
}

function find(words: string): Promise<IEngine> {
  const path = `/${encodeURIComponent(words)}`;
  return new Promise((done, failed) => {
    const asked = request({ socketPath: ofRun('engine'), path }, async response => {
      const answer = await text(response);
      if (response.statusCode === 200) {
        done(JSON.parse(answer));
      } else {
        failed(new Error(answer));
      }
    });
    asked.once('error', failed).end();
  });
}
