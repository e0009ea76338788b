/** Where things are on this machine. */
import { join, resolve } from 'node:path';

export const REPOSITORY = resolve(__dirname, '../..');
export const PYTHON = resolve(REPOSITORY, process.env.NBYARD_TEST_PYTHON || '.venv/bin/python');
export const EXAMPLE = join(REPOSITORY, 'examples/penguins');

/** The variable with the folder of a run, which all its workers share. */
export const RUN_FOLDER = 'JOURNEYS_FOLDER';

export function ofRun(name: string): string {
  return join(process.env[RUN_FOLDER]!, name);
}
