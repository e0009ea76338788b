/**
 * Measure a workflow of thousands of nodes, all of them running, in Chromium.
 *
 *     node benchmarks/large_canvas.mjs [--nodes 10000] [--smallest] > large_canvas.jsonl
 *
 * | part | what is measured |
 * |---|---|
 * | opening | from the click to the first cards, their ports, their states, and until the page rests |
 * | processor | the time that the main thread of the page computed until the same moments |
 * | memory | the heap above JupyterLab's, and the number of elements |
 * | pan | frames while it is panned |
 * | click | from a click until the card is painted as the chosen one |
 * | state | from the write of a state until its card is painted |
 *
 * Without --nodes: 1,000, 3,000 and 10,000. PROFILE=FOLDER keeps a profile of the opening.
 * Needs what `./check` installs (node_modules, ui-tests/node_modules, .venv) and a Chromium
 * (CHROMIUM, default /usr/bin/chromium-headless-shell).
 */
import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import {
  emptyPlace,
  frames,
  mean,
  option,
  Place,
  printLine,
  processor,
  quantile
} from './parts/in_lab.mjs';

const NODES = option('nodes', 0, 20);
const SIZES = NODES ? [NODES] : [1000, 3000, 10_000];
const REST = option('rest', 1500, 300);
const SEEN = { x: 620, y: 150, width: 600, height: 500 };
const CARD = '.react-flow__node .nby-Node';

/** Marks the moments that are waited for, and how long the page was busy at a time. */
function watch() {
  window.busy = [];
  new PerformanceObserver(list =>
    list.getEntries().forEach(({ startTime, duration }) => window.busy.push([startTime, duration]))
  ).observe({ entryTypes: ['longtask'] });
  window.paintedAt = selector =>
    new Promise(done => {
      const look = () => {
        if (document.querySelector(selector)) {
          seen.disconnect();
          requestAnimationFrame(() => {
            const { port1, port2 } = new MessageChannel(); // after the frame is painted
            port1.onmessage = () => done(performance.now());
            port2.postMessage(0);
          });
        }
      };
      const seen = new MutationObserver(look);
      seen.observe(document.body, { subtree: true, childList: true, attributes: true });
      look();
    });
}

/**
 * Milliseconds from the command to each moment, and until nothing was long for a while. `spent`
 * tells the processor time until each of them.
 */
function opened([path, rest]) {
  const { paintedAt, spent } = window;
  window.busy.length = 0;
  const used = {};
  const start = performance.now();
  const done = {
    cards: paintedAt('.react-flow__node .nby-Node'),
    ports: paintedAt('.react-flow__node .nby-Port-name'),
    states: paintedAt('.react-flow__node .nby-Node.nby-mod-running')
  };
  void window.jupyterapp.commands.execute('docmanager:open', { path });
  for (const [name, moment] of Object.entries(done)) {
    done[name] = moment.then(async time => {
      used[name] = await spent();
      return time;
    });
  }
  return Promise.all(Object.values(done)).then(async times => {
    const found = Object.fromEntries(
      Object.keys(done).map((name, at) => [name, times[at] - start])
    );
    const last = () => Math.max(start, ...window.busy.map(([at, lasted]) => at + lasted));
    while (performance.now() - last() < rest) {
      await new Promise(next => setTimeout(next, 100));
    }
    const lasted = window.busy.map(([, duration]) => duration);
    found['at rest'] = last() - start;
    found['longest stop'] = Math.max(0, ...lasted);
    found['busy'] = lasted.reduce((sum, one) => sum + one, 0);
    return { found, used: { ...used, 'at rest': await spent() } };
  });
}

async function heap(cdp) {
  await cdp.send('HeapProfiler.collectGarbage');
  const { metrics } = await cdp.send('Performance.getMetrics');
  const of = name => metrics.find(metric => metric.name === name).value;
  return { heap: of('JSHeapUsedSize') / 1e6, elements: of('Nodes') };
}

/** Milliseconds from a click until the card is painted as the chosen one. */
async function clicked(page) {
  const times = [];
  for (const _ of ['opened', 'closed']) {
    // once closed, a click does not open the inspector, and no card leaves the view
    await page.evaluate(() => window.jupyterapp.commands.execute('nbyard:toggle-inspector'));
  }
  await page.waitForTimeout(REST);
  for (let at = 0; at < 5; at += 1) {
    times.push(
      await page.evaluate(async () => {
        const start = performance.now();
        // chosen at the moment of the click: cards outside the view are not kept
        const card = document.querySelector('.react-flow__node:not(.selected):has(.nby-Node)');
        const { x, y, width } = card.getBoundingClientRect();
        const at = { clientX: x + width / 2, clientY: y + 6, bubbles: true, view: window };
        const head = card.querySelector('.nby-Node-head');
        for (const [Kind, type] of [
          [PointerEvent, 'pointerdown'],
          [MouseEvent, 'mousedown'],
          [MouseEvent, 'mouseup'],
          [MouseEvent, 'click']
        ]) {
          head.dispatchEvent(new Kind(type, at));
        }
        const chosen = `.react-flow__node[data-id="${card.dataset.id}"].selected`;
        return (await window.paintedAt(chosen)) - start;
      })
    );
  }
  return times;
}

/** Milliseconds from the write of a state until its card is painted with it. */
async function moved(page, writer) {
  const ids = await page
    .locator(`${CARD}.nby-mod-running`)
    .evaluateAll(cards => cards.slice(0, 3).map(card => card.closest('[data-id]').dataset.id));
  const times = [];
  for (const id of ids) {
    for (const state of ['queued', 'preparing', 'running']) {
      const card = `.react-flow__node[data-id="${id}"] .nby-Node.nby-mod-${state}`;
      await page.evaluate(selector => {
        window.shown = window.paintedAt(selector).then(at => performance.timeOrigin + at);
      }, card);
      const { at } = await writer.ask({ move: id, to: state });
      times.push((await page.evaluate(() => window.shown)) - at);
      await page.waitForTimeout(300);
    }
  }
  return times;
}

const summary = times => ({
  mean: mean(times),
  p95: quantile(times, 0.95),
  max: Math.max(...times)
});

async function measured(nodes) {
  const place = new Place();
  try {
    const writer = await place.startWriter(nodes);
    await place.startLab();
    await place.openBrowser();
    const page = await place.newPage();
    const cdp = await page.context().newCDPSession(page);
    await cdp.send('Performance.enable');
    await page.goto(place.lab(''));
    await page.waitForFunction(() => window.jupyterapp);
    await page.evaluate(() => window.jupyterapp.restored);
    await page.waitForTimeout(REST);
    await page.evaluate(watch);
    const empty = await heap(cdp);
    if (process.env.PROFILE) {
      await cdp.send('Profiler.enable');
      await cdp.send('Profiler.start');
    }
    const before = await processor(cdp);
    await page.exposeFunction('spent', async () => (await processor(cdp)) - before);
    const { found: opening, used } = await page.evaluate(opened, [`layered-${nodes}.nbflow`, REST]);
    if (process.env.PROFILE) {
      const { profile } = await cdp.send('Profiler.stop');
      writeFileSync(join(process.env.PROFILE, `open-${nodes}.cpuprofile`), JSON.stringify(profile));
    }
    const full = await heap(cdp);
    const memory = { 'heap above Lab': full.heap - empty.heap, elements: full.elements };
    const pan = summary(await frames(page, await emptyPlace(page, SEEN), 60));
    const click = summary(await clicked(page));
    const state = summary(await moved(page, writer));
    if (process.env.PICTURE) {
      await page.screenshot({ path: `${process.env.PICTURE}-${nodes}.png` });
    }
    return { opening, processor: used, memory, pan, click, state };
  } finally {
    await place.end();
  }
}

for (const nodes of SIZES) {
  const found = await measured(nodes);
  printLine(`${nodes} nodes`, found);
  for (const [name, parts] of Object.entries(found)) {
    const words = Object.entries(parts).map(([part, value]) => `${part} ${value.toFixed(0)}`);
    console.error(`${nodes} nodes, ${name}: ${words.join(', ')}`);
  }
  console.error(`load ${loadavg()[0].toFixed(1)}`);
}
