/** What all journeys of a run share: the example with its data, and a Docker engine with its images. */
import { ChildProcess, execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, Interface } from 'node:readline';
import { EXAMPLE, PYTHON, REPOSITORY, RUN_FOLDER } from './places';

/** Holds the engine until its input ends; each line asks for an image and gets a line. */
const HOLD = `import sys
from pathlib import Path
from nbyard.dockerd import Engine
from tests.support import images
from tests.support.private_engine import using_shared_engine, why_no_engine
if reason := why_no_engine():
    sys.exit(print("cannot", reason))
with using_shared_engine() as private:
    print("has", private.url, flush=True)
    for line in sys.stdin:
        kind, *folders = line.split()
        print(getattr(images, kind)(Engine(private.url), *map(Path, folders)), flush=True)
`;

export interface IEngine {
  url: string;
  image: string;
  /** Why there is none. */
  lacking?: string;
}

/** The engine starts when a journey first asks for an image, and stops with the run. */
class EngineHolder {
  async engine(words: string): Promise<IEngine> {
    this.turn = this.turn.then(() => this.answer(words));
    return this.turn as Promise<IEngine>;
  }

  async stop(): Promise<void> {
    if (this.child && this.child.exitCode === null) {
      const ended = new Promise(done => this.child!.once('exit', done));
      this.child.stdin!.end();
      await ended;
    }
  }

  private async answer(words: string): Promise<IEngine> {
    if (!this.child) {
      this.child = spawn(PYTHON, ['-c', HOLD], {
        cwd: REPOSITORY,
        stdio: ['pipe', 'pipe', 'inherit']
      });
      this.lines = createInterface(this.child.stdout!);
      this.first = (await this.line()).split(' ');
    }
    const [word, ...rest] = this.first;
    if (word !== 'has') {
      return { url: '', image: '', lacking: rest.join(' ') };
    }
    const line = this.line();
    this.child.stdin!.write(`${words}\n`);
    return { url: rest[0], image: await line };
  }

  private line(): Promise<string> {
    return new Promise((done, failed) => {
      this.lines!.once('line', done);
      this.lines!.once('close', () => failed(new Error('The holder of the engine ended')));
    });
  }

  private child?: ChildProcess;
  private lines?: Interface;
  private first: string[] = [];
  private turn: Promise<unknown> = Promise.resolve();
}

function listen(holder: EngineHolder, address: string): Promise<Server> {
  const server = createServer((request, response) => {
    const words = decodeURIComponent(request.url!.slice(1));
    holder.engine(words).then(
      engine => response.end(JSON.stringify(engine)),
      error => response.writeHead(500).end(String(error))
    );
  });
  return new Promise(done => server.listen(address, () => done(server)));
}

export default async function start(): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'nbyard-journeys-'));
  process.env[RUN_FOLDER] = folder;
  cpSync(EXAMPLE, join(folder, 'example'), { recursive: true });
  execFileSync(PYTHON, [join(folder, 'example/get_data.py')]);
  const holder = new EngineHolder();
  const server = await listen(holder, join(folder, 'engine'));
  return async () => {
    server.close();
    await holder.stop();
    rmSync(folder, { recursive: true, force: true });
  };
}
