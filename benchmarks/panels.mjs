/**
 * Measure the time from a click until a panel shows its rows, in Chromium, with thousands of rows.
 *
 *     node benchmarks/panels.mjs [--rows 10000] [--rounds 5] [--smallest] > panels.jsonl
 *
 * | panel | what is measured |
 * |---|---|
 * | runs | the sidebar opens for the first time, until a run is painted |
 * | datasets | the same, until a dataset is painted |
 * | runs, again | the sidebar opens once more |
 * | artifacts | its section opens |
 * | models | the list of models to deploy opens |
 * | floor: running sessions | the panel of JupyterLab itself |
 *
 * Each round has a page and a layout of its own. The time is of the clock; `processor` is the time
 * that the main thread of the page computed meanwhile, which other programs change little.
 * PROFILE=FOLDER keeps a profile of each first opening of the sidebar.
 * Needs what `./check` installs (node_modules, ui-tests/node_modules, .venv) and a Chromium
 * (CHROMIUM, default /usr/bin/chromium-headless-shell).
 */
import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { median, option, Place, printLine, processor } from './parts/in_lab.mjs';

const ROWS = option('rows', 10_000, 50);
const ROUNDS = option('rounds', 5, 1);
const REST = option('rest', 2000, 300);
const TAB = '.jp-SideBar .lm-TabBar-tab[data-id="nbyard-sidebar"]';
const row = noun => `#nbyard-sidebar .nby-Row[data-noun="${noun}"]`;

/** Presses the element, and gives the milliseconds until each of the selectors is painted. */
async function shown([press, command, selectors]) {
  const painted = selector =>
    new Promise(done => {
      // the frame after the one in which it is there
      const look = isThere => {
        if (isThere) {
          done(performance.now());
        } else {
          const found = !!document.querySelector(selector)?.getClientRects().length;
          requestAnimationFrame(() => look(found));
        }
      };
      look(false);
    });
  const start = performance.now();
  const all = selectors.map(painted);
  if (command) {
    void window.jupyterapp.commands.execute(command);
  } else {
    const at = { bubbles: true, button: 0 };
    const element = document.querySelector(press);
    for (const type of ['pointerdown', 'mousedown', 'pointerup', 'mouseup', 'click']) {
      const Kind = type.startsWith('pointer') ? PointerEvent : MouseEvent;
      const { x, y } = element.getBoundingClientRect();
      element.dispatchEvent(new Kind(type, { ...at, clientX: x + 5, clientY: y + 5 }));
    }
  }
  const times = await Promise.all(all);
  return times.map(time => time - start);
}

async function profiled(cdp, number, work) {
  await cdp.send('Profiler.enable');
  await cdp.send('Profiler.start');
  await work();
  const { profile } = await cdp.send('Profiler.stop');
  writeFileSync(join(process.env.PROFILE, `panels-${number}.cpuprofile`), JSON.stringify(profile));
}

async function round(place, number, found) {
  const page = await place.newPage();
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Performance.enable');
  await page.goto(`${place.lab('')}&reset`);
  await page.waitForFunction(() => window.jupyterapp);
  await page.evaluate(() => window.jupyterapp.restored);
  await page.waitForTimeout(REST);
  const measure = async (names, press, command, selectors) => {
    const before = await processor(cdp);
    const times = await page.evaluate(shown, [press, command, selectors]);
    const used = (await processor(cdp)) - before;
    names.forEach((name, at) => {
      found[name].times.push(times[at]);
      found[name].processor.push(used);
    });
    await page.waitForTimeout(REST);
  };
  const running = '.jp-SideBar .lm-TabBar-tab[data-id="jp-running-sessions"]';
  await measure(['floor: running sessions'], running, '', ['#jp-running-sessions']);
  const first = () => measure(['runs', 'datasets'], TAB, '', [row('run'), row('dataset')]);
  await (process.env.PROFILE ? profiled(cdp, number, first) : first());
  await page.locator(running).click();
  await page.waitForTimeout(REST);
  await measure(['runs, again'], TAB, '', [row('run')]);
  const head = '[data-noun="artifact"] .nby-SideSection-head h2 button';
  await measure(['artifacts'], head, '', [row('artifact')]);
  await measure(['models'], '', 'nbyard:choose-model', ['.nby-Row[data-noun="offer"]']);
  if (process.env.PICTURE) {
    await page.screenshot({ path: process.env.PICTURE });
  }
  await page.context().close();
}

const NAMES = ['runs', 'datasets', 'runs, again', 'artifacts', 'models', 'floor: running sessions'];
const place = new Place();
try {
  await place.fill(ROWS);
  await place.startLab();
  await place.openBrowser();
  const found = Object.fromEntries(NAMES.map(name => [name, { times: [], processor: [] }]));
  for (let number = 0; number < ROUNDS; number += 1) {
    await round(place, number, found);
  }
  printLine(`Panels with ${ROWS} rows`, { found });
  for (const [name, { times, processor }] of Object.entries(found)) {
    const figures = [median(times), Math.min(...times), Math.max(...times), median(processor)];
    const [middle, best, worst, used] = figures.map(figure => figure.toFixed(0));
    console.error(`${name}: median ${middle} ms, ${best} to ${worst}; processor ${used} ms`);
  }
  console.error(`load ${loadavg()[0].toFixed(1)}`);
} finally {
  await place.end();
}
