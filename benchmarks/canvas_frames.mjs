/**
 * Compare the frame times of a canvas of 500 nodes with those of an empty React Flow page of as
 * many plain nodes, in the same places and of the same size.
 *
 *     node benchmarks/canvas_frames.mjs [--rounds 5] [--nodes 500] [--smallest] > frames.jsonl
 *
 * | contender | what is measured |
 * |---|---|
 * | nbyard | frames while the canvas is panned, and while one of its nodes is dragged |
 * | plain | the same in React Flow alone |
 *
 * Needs what `./check` installs (node_modules, ui-tests/node_modules, .venv) and a Chromium
 * (CHROMIUM, default /usr/bin/chromium-headless-shell). Both pages stay open; each round takes both, in turn.
 */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  emptyPlace,
  frames,
  mean,
  median,
  option,
  Place,
  printLine,
  quantile,
  ROOT
} from './parts/in_lab.mjs';

const ROUNDS = option('rounds', 5, 1);
const NODES = option('nodes', 500, 50);
const COLUMNS = 25;
const MOVES = option('moves', 60, 10);
const FIRST = process.argv.includes('--smallest') ? 0 : -1; // -1: a round that does not count
const SEEN = { x: 600, y: 150, width: 700, height: 600 }; // of both, where the mouse moves

const ids = Array.from({ length: NODES }, (_, index) => `n${index}`);
const placeOf = index => [(index % COLUMNS) * 300, Math.floor(index / COLUMNS) * 160];

/** A chain of notebooks, each with one input and one output. */
function workflow() {
  const edges = ids.slice(1).map((target, index) => {
    const edge = { source: ids[index], output: 'output_csv', target, input: 'input_csv' };
    return [`${edge.source}.output_csv->${target}.input_csv`, edge];
  });
  return {
    version: 1,
    meta: { id: '00000000-0000-4000-8000-000000000001' },
    nodes: Object.fromEntries(ids.map(id => [id, { type: 'executable', path: 'clean.ipynb' }])),
    edges: Object.fromEntries(edges),
    positions: Object.fromEntries(ids.map((id, index) => [id, placeOf(index)]))
  };
}

/** React Flow alone: its own node, its own edge. */
function plainPage() {
  const file = name => readFileSync(join(ROOT, 'node_modules', name), 'utf8');
  const nodes = ids.map((id, index) => {
    const [x, y] = placeOf(index);
    return { id, position: { x, y }, data: { label: id }, style: { width: 230, height: 80 } };
  });
  const edges = ids
    .slice(1)
    .map((target, index) => ({ id: `e${index}`, source: ids[index], target }));
  return `<!doctype html><style>${file('@xyflow/react/dist/style.css')}
    body { margin: 0 } #page { width: 100vw; height: 100vh }</style><div id="page"></div>
    <script>${file('react/umd/react.production.min.js')}</script>
    <script>${file('react-dom/umd/react-dom.production.min.js')}</script>
    <script>const jsx = (type, props, key) => React.createElement(type, { ...props, key });
      jsxRuntime = { jsx, jsxs: jsx, Fragment: React.Fragment };</script>
    <script>${file('@xyflow/react/dist/umd/index.js')}</script>
    <script>const { ReactFlow, Background, useNodesState } = ReactFlow_;
      const edges = ${JSON.stringify(edges)};
      function Page() {
        const [nodes, , onNodesChange] = useNodesState(${JSON.stringify(nodes)});
        const more = { onlyRenderVisibleElements: true, minZoom: 0.05 };
        const how = { nodes, edges, onNodesChange, onInit: flow => (window.flow = flow), ...more };
        return jsx(ReactFlow, how, undefined);
      }
      ReactDOM.createRoot(document.getElementById('page')).render(React.createElement(Page));
    </script>`.replace('ReactFlow_', 'window.ReactFlow');
}

async function openPlain(place) {
  const page = await place.newPage();
  await page.setContent(plainPage());
  await page.waitForFunction(() => window.flow);
  return page;
}

async function openCanvas(place) {
  const page = await place.newPage();
  await page.goto(place.lab('many.nbflow'));
  await page.locator('.react-flow__node').first().waitFor();
  await page.getByText('output_csv').first().waitFor();
  return page;
}

/** The middle of a card that is wholly seen. */
async function cardPlace(page) {
  for (const card of await page.locator('.react-flow__node').all()) {
    const box = await card.boundingBox();
    const { x, y, width, height } = SEEN;
    if (box && box.x > x && box.y > y && box.x < x + width && box.y < y + height) {
      return { x: box.x + box.width / 3, y: box.y + 6 };
    }
  }
  throw new Error('no card is seen');
}

async function measure(pages, name, placeOn) {
  const found = { nbyard: [], plain: [] };
  for (let round = FIRST; round < ROUNDS; round++) {
    const order = Object.keys(pages);
    for (const who of round % 2 ? order.reverse() : order) {
      const page = pages[who];
      await page.bringToFront();
      const times = await frames(page, await placeOn(page), MOVES);
      if (round >= 0) {
        found[who].push({ mean: mean(times), p95: quantile(times, 0.95), max: Math.max(...times) });
      }
    }
  }
  const ratios = key => found.nbyard.map((one, index) => one[key] / found.plain[index][key]);
  const line = { found };
  for (const key of ['mean', 'p95']) {
    line[`${key} ratio`] = median(ratios(key));
  }
  printLine(`${name}, ${NODES} nodes`, line);
  const tell = who => {
    const middle = key => median(found[who].map(one => one[key])).toFixed(1);
    return `${who} mean ${middle('mean')} p95 ${middle('p95')} max ${middle('max')} ms`;
  };
  const [one, two] = [line['mean ratio'], line['p95 ratio']].map(number => number.toFixed(2));
  console.error(`${name}: ${tell('nbyard')}; ${tell('plain')}; ratio ${one} (mean), ${two} (p95)`);
}

const emptySeen = page => emptyPlace(page, SEEN);
const place = new Place();
copyFileSync(join(ROOT, 'examples/penguins/clean.ipynb'), join(place.root, 'clean.ipynb'));
writeFileSync(join(place.root, 'many.nbflow'), JSON.stringify(workflow()));
try {
  await place.startLab();
  await place.openBrowser();
  const pages = { nbyard: await openCanvas(place), plain: await openPlain(place) };
  await fit(pages);
  await measure(pages, 'pan, all nodes seen', emptySeen);
  await showFullSize(pages);
  await measure(pages, 'pan at full size', emptySeen);
  await showFullSize(pages); // on a busy machine the pans may end where no card is
  await measure(pages, 'drag a node', cardPlace);
} finally {
  await place.end();
}

async function fit(pages) {
  await pages.nbyard.locator('.nby-Zoom button').last().click();
  await pages.plain.evaluate(() => window.flow.fitView());
}

/** Zoom in on the middle of all nodes until the cards have about their full size. */
async function showFullSize(pages) {
  await fit(pages);
  for (const page of Object.values(pages)) {
    await page.bringToFront();
    await page.mouse.move(SEEN.x + SEEN.width / 2, SEEN.y + SEEN.height / 2);
    for (let zoom = await zoomOf(page); zoom < 0.9; zoom = await otherZoom(page, zoom)) {
      await page.mouse.wheel(0, -100);
    }
  }
}

/** Wait for another zoom: one more turn of the wheel would go too far. */
async function otherZoom(page, zoom) {
  let other = zoom;
  while (other === zoom) {
    other = await zoomOf(page);
  }
  return other;
}

function zoomOf(page) {
  return page.evaluate(() => {
    const { transform } = document.querySelector('.react-flow__viewport').style;
    return Number(/scale\(([\d.]+)\)/.exec(transform)[1]);
  });
}
