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
 * Each round has a page of its own.
 * Needs what `./check` installs (node_modules, ui-tests/node_modules, .venv) and a Chromium
 * (CHROMIUM, default /usr/bin/chromium-headless-shell).
 */
import { loadavg } from 'node:os';
import { median, option, Place, printLine } from './parts/in_lab.mjs';

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

async function round(place, found) {
  const page = await place.newPage();
  await page.goto(place.lab(''));
  await page.waitForFunction(() => window.jupyterapp);
  await page.evaluate(() => window.jupyterapp.restored);
  await page.waitForTimeout(REST);
  const measure = async (names, press, command, selectors) => {
    const times = await page.evaluate(shown, [press, command, selectors]);
    names.forEach((name, at) => found[name].push(times[at]));
    await page.waitForTimeout(REST);
  };
  const running = '.jp-SideBar .lm-TabBar-tab[data-id="jp-running-sessions"]';
  await measure(['floor: running sessions'], running, '', ['#jp-running-sessions']);
  await measure(['runs', 'datasets'], TAB, '', [row('run'), row('dataset')]);
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
  const found = Object.fromEntries(NAMES.map(name => [name, []]));
  for (let number = 0; number < ROUNDS; number += 1) {
    await round(place, found);
  }
  printLine(`Panels with ${ROWS} rows`, { found });
  for (const [name, times] of Object.entries(found)) {
    const [middle, best, worst] = [median(times), Math.min(...times), Math.max(...times)];
    console.error(
      `${name}: median ${middle.toFixed(0)} ms, ${best.toFixed(0)} to ${worst.toFixed(0)}`
    );
  }
  console.error(`load ${loadavg()[0].toFixed(1)}`);
} finally {
  await place.end();
}
