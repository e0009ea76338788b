/** A Docker engine of the journeys' own, where one can be started. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { PYTHON } from './server';

const HOLD = `import sys
from pathlib import Path
from nbyard.dockerd import Engine
from nbyard.testing import images
from nbyard.testing.engine import using_shared_engine, why_not
reason = why_not()
if reason:
    sys.exit(print("cannot", reason))
with using_shared_engine() as private:
    image = getattr(images, sys.argv[1])(Engine(private.url), *map(Path, sys.argv[2:]))
    print("has", private.url, image, flush=True)
    sys.stdin.read()
`;

export interface IEngine {
  url: string;
  /** An image with a shell and a few programs, with Python, or of a recipe. */
  image: string;
  /** Why there is none. */
  lacking?: string;
}

/** Start it, use it, and leave it to others or stop it. */
export async function withEngine(
  use: (engine: IEngine) => Promise<void>,
  kind: 'tiny_image' | 'base_image' | 'lab_image' | 'recipe_image' = 'tiny_image',
  ...folders: string[]
): Promise<void> {
  const child = spawn(PYTHON, ['-c', HOLD, kind, ...folders], {
    stdio: ['pipe', 'pipe', 'inherit']
  });
  const ended = new Promise(done => child.once('exit', done));
  const lines = createInterface(child.stdout);
  const [word, ...rest] = await new Promise<string[]>((done, failed) => {
    lines.once('line', line => done(line.split(' ')));
    child.once('exit', code => failed(new Error(`The engine's holder ended with ${code}`)));
  });
  const [url = '', image = ''] = word === 'has' ? rest : [];
  await use(word === 'has' ? { url, image } : { url, image, lacking: rest.join(' ') });
  child.stdin.end();
  await ended;
}
