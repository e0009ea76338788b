/**
 * Compare the frame times of a canvas of 500 nodes with those of an empty React Flow page of as
 * many plain nodes, in the same places and of the same size.
 *
 *     node benchmarks/canvas_frames.mjs [--rounds 5] [--nodes 500] [--smallest] > frames.jsonl
 *
 * | contender | what is measured |
 * |---|---|
 * | nbyard | frames while the canvas is panned, and while one of its nodes is dragged |
 * | live | the same in a workflow whose run is on: a half of the cards shows the head of a table,
 *          the states of the others change, 100 each second |
 * | plain | the same in React Flow alone |
 *
 * Needs what `./check` installs (node_modules, ui-tests/node_modules, .venv) and a Chromium
 * (CHROMIUM, default /usr/bin/chromium-headless-shell). All pages stay open; each round takes each, in
 * turn. States change only while `live` is measured.
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
const OTHERS = option('others', 100, 20);
const REST = option('rest', 3000, 1000);
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

async function openCanvas(place, name) {
  const page = await place.newPage();
  // each page has a workspace of its own: otherwise the second shows the tab of the first, too
  const workspace = `/lab/workspaces/${name.replace(/\W/g, '')}/tree/`;
  await page.goto(place.lab(name).replace('/lab/tree/', workspace));
  await page.locator('.react-flow__node').first().waitFor();
  await page.getByText('output_csv').first().waitFor();
  return page;
}

/** The canvas of a run: every second node has a result. */
async function openLive(place) {
  await writer.ask({ results: made });
  const page = await openCanvas(place, `layered-${NODES}.nbflow`);
  await page.locator('.nby-Node-preview table').first().waitFor({ state: 'attached' }); // hidden from afar
  await page.locator('.nby-Node.nby-mod-running').first().waitFor({ state: 'attached' });
  await page.waitForTimeout(REST); // until all previews are there
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
  const found = { nbyard: [], live: [], plain: [] };
  for (let round = FIRST; round < ROUNDS; round++) {
    const order = Object.keys(pages);
    for (const who of round % 2 ? order.reverse() : order) {
      const page = pages[who];
      await page.bringToFront();
      await writer.ask({ others: who === 'live' ? OTHERS : 0, but: made });
      const times = await frames(page, await placeOn(page), MOVES);
      if (round >= 0) {
        found[who].push({ mean: mean(times), p95: quantile(times, 0.95), max: Math.max(...times) });
      }
    }
  }
  const ratio = (who, key) =>
    median(found[who].map((one, index) => one[key] / found.plain[index][key]));
  const line = { found };
  for (const who of ['nbyard', 'live']) {
    line[`${who} ratio`] = { mean: ratio(who, 'mean'), p95: ratio(who, 'p95') };
  }
  printLine(`${name}, ${NODES} nodes`, line);
  const tell = who => {
    const middle = key => median(found[who].map(one => one[key])).toFixed(1);
    return `${who} mean ${middle('mean')} p95 ${middle('p95')} max ${middle('max')} ms`;
  };
  for (const who of ['nbyard', 'live']) {
    const [one, two] = Object.values(line[`${who} ratio`]).map(number => number.toFixed(2));
    console.error(`${name}: ${tell(who)}; ${tell('plain')}; ratio ${one} (mean), ${two} (p95)`);
  }
}

const emptySeen = page => emptyPlace(page, SEEN);
const made = ids.flatMap((_, at) => (at % 2 ? [`n${String(at).padStart(5, '0')}`] : []));
const place = new Place();
let writer;
copyFileSync(join(ROOT, 'examples/penguins/clean.ipynb'), join(place.root, 'clean.ipynb'));
writeFileSync(join(place.root, 'many.nbflow'), JSON.stringify(workflow()));
try {
  writer = await place.startWriter(NODES);
  await place.startLab();
  await place.openBrowser();
  const pages = {
    nbyard: await openCanvas(place, 'many.nbflow'),
    live: await openLive(place),
    plain: await openPlain(place)
  };
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
  for (const page of [pages.nbyard, pages.live]) {
    await page.bringToFront();
    await page.locator('.nby-Zoom button').last().click();
  }
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
