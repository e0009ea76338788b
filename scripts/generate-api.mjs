// Generate the types and routes of operations from the OpenAPI document; --check compares them.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const DOCUMENT = 'jupyter_ext/nbyard/rest/openapi.json';
const TYPES = 'src/api/schema.ts';
const ROUTES = 'src/api/routes.ts';
const words = process.argv.slice(2);
const options = [DOCUMENT, '--empty-objects-unknown', '-o', TYPES, ...words];
if (spawnSync('openapi-typescript', options, { stdio: 'inherit' }).status !== 0) {
  process.exit(1);
}

const nouns = {};
for (const [path, methods] of Object.entries(JSON.parse(readFileSync(DOCUMENT, 'utf8')).paths)) {
  for (const [method, { operationId }] of Object.entries(methods)) {
    const [noun, verb] = operationId.split('.');
    (nouns[noun] ??= {})[verb] = `${method.toUpperCase()} ${path}`;
  }
}
const routes = JSON.stringify(nouns, null, 2)
  .replace(/"(\w+)":/g, '$1:')
  .replaceAll('"', "'");
const text = `// Made by scripts/generate-api.mjs; do not edit.

/** The method and path of each operation, by its noun and verb. */
export const ROUTES: Readonly<Record<string, Readonly<Record<string, string>>>> = ${routes};
`;
if (!words.includes('--check')) {
  writeFileSync(ROUTES, text);
} else if (readFileSync(ROUTES, 'utf8') !== text) {
  console.error(`${ROUTES} is out of date: run npm run gen:api`);
  process.exit(1);
}
