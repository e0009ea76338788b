// What a page load costs: the eager part is fetched at start, the rest when it is first used.
import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const EAGER_KB = 25.2;
const TOTAL_KB = 364;
const folder = new URL('../jupyter_ext/nbyard/labextension/static/', import.meta.url);

const sizes = readdirSync(folder)
  .filter(name => name.endsWith('.js') || name.endsWith('.css'))
  .map(name => {
    const content = readFileSync(new URL(name, folder));
    return { name, content: content.toString(), kb: gzipSync(content).length / 1024 };
  });
const entry = sizes.find(file => file.name.startsWith('remoteEntry'));
if (!entry) {
  console.error('No bundle: run `npm run build` first.');
  process.exit(1);
}
// The container names the chunks that each module it offers is made of.
const offers = [...entry.content.matchAll(/"\.\/(?:extension|style)":\(\)=>(.*?)\.then\(/g)];
const first = offers.flatMap(([, loads]) =>
  [...loads.matchAll(/\.e\((\d+)\)/g)].map(([, id]) => id)
);
const isEager = name =>
  name === entry.name || name === 'style.js' || first.some(id => name.startsWith(`${id}.`));

let eager = 0;
let total = 0;
for (const { name, kb } of sizes.sort((a, b) => b.kb - a.kb)) {
  total += kb;
  eager += isEager(name) ? kb : 0;
  console.log(`${kb.toFixed(1).padStart(7)} kB  ${isEager(name) ? 'eager' : 'lazy '}  ${name}`);
}
console.log(
  `eager ${eager.toFixed(1)} of ${EAGER_KB} kB, all ${total.toFixed(1)} of ${TOTAL_KB} kB (gzip)`
);
if (eager > EAGER_KB || total > TOTAL_KB) {
  console.error(
    'The bundle is above its budget. Load what a start does not need with import(), leave out a\n' +
      'library, or, if the change is worth its size, raise the budget in scripts/budget.mjs.'
  );
  process.exit(1);
}
