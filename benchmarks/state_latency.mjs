/**
 * Measure the time from the write of a task's state until its card is painted, in Chromium, on a
 * canvas whose nodes are all running: in a quiet moment, and while all other tasks change in turn.
 *
 *     node benchmarks/state_latency.mjs [--samples 30] [--nodes 500] [--others 100] [--smallest]
 *
 * | part | what is measured |
 * |---|---|
 * | card | until the card is painted |
 * | frame | until the frame of the websocket is there |
 * | bare | the floor: a bare websocket in the same page whose message changes a class of an element |
 *
 * Needs what `./check` installs (node_modules, ui-tests/node_modules, .venv) and a Chromium
 * (CHROMIUM, default /usr/bin/chromium-headless-shell).
 */
import { loadavg } from 'node:os';
import { option, Place, printLine, quantile } from './parts/in_lab.mjs';

const SAMPLES = option('samples', 30, 3);
const NODES = option('nodes', 500, 10);
const OTHERS = option('others', 100, 20);
const PATIENCE = 120_000;
const REST = option('rest', 3000, 200); // milliseconds before it is measured

async function openCanvas(place, port) {
  const page = await place.newPage();
  await page.addInitScript(() => {
    // when a frame that tells of a state came, before anybody has looked at it
    window.heard = () => undefined;
    const Plain = window.WebSocket;
    window.WebSocket = class extends Plain {
      constructor(...given) {
        super(...given);
        this.addEventListener('message', ({ data }) => window.heard(data));
      }
    };
  });
  const file = `layered-${NODES + 1}.nbflow`;
  await page.goto(place.lab(file));
  await page.locator('.nby-Node.nby-mod-running').first().waitFor();
  await page.evaluate(
    async ([bare, patience]) => {
      const painted = found =>
        new Promise((done, failed) => {
          const timer = setTimeout(() => failed(new Error('it is never shown')), patience);
          const look = () => {
            if (found()) {
              watch.disconnect();
              clearTimeout(timer);
              requestAnimationFrame(() => {
                const { port1, port2 } = new MessageChannel(); // after the frame is painted
                port1.onmessage = () => done(performance.timeOrigin + performance.now());
                port2.postMessage(0);
              });
            }
          };
          const watch = new MutationObserver(look);
          watch.observe(document.body, { subtree: true, childList: true, attributes: true });
          look();
        });
      window.cardIs = (node, state) => {
        window.heard = data => {
          if (String(data).includes(`"state":"${state}"`) && data.includes(`"node":"${node}"`)) {
            window.heard = () => undefined;
            window.heardAt = performance.timeOrigin + performance.now();
          }
        };
        const card = `.react-flow__node[data-id="${node}"] .nby-Node.nby-mod-${state}`;
        window.shown = painted(() => document.querySelector(card));
      };
      const mark = document.body.appendChild(document.createElement('div'));
      const socket = new WebSocket(`ws://127.0.0.1:${bare}/`);
      socket.onmessage = ({ data }) => (mark.className = data);
      await new Promise(done => (socket.onopen = done));
      window.echoIs = text => {
        window.shown = painted(() => mark.className === text);
      };
    },
    [port, PATIENCE]
  );
  return page;
}

/** Cards that are wholly seen. */
function cardsSeen(page) {
  return page.evaluate(() => {
    const { left, top, right, bottom } = document
      .querySelector('.react-flow__pane')
      .getBoundingClientRect();
    return [...document.querySelectorAll('.react-flow__node')].flatMap(card => {
      const box = card.getBoundingClientRect();
      const whole = box.left > left && box.right < right && box.top > top && box.bottom < bottom;
      return whole && card.querySelector('.nby-mod-running') ? [card.dataset.id] : [];
    });
  });
}

const pause = () => new Promise(done => setTimeout(done, 200 + Math.random() * 200));

async function sample(page, writer, node, round) {
  const text = `r${round}`;
  await page.evaluate(is => window.echoIs(is), text);
  const floor = await writer.ask({ echo: text });
  const bare = (await page.evaluate(() => window.shown)) - floor.at;
  await pause();
  const found = [];
  const heard = [];
  for (const to of ['queued', 'preparing', 'running']) {
    await page.evaluate(([id, state]) => window.cardIs(id, state), [node, to]);
    const { at } = await writer.ask({ move: node, to });
    found.push((await page.evaluate(() => window.shown)) - at);
    heard.push((await page.evaluate(() => window.heardAt)) - at);
    await pause();
  }
  return { bare, found, heard };
}

async function measure(page, writer, title, nodes) {
  const bare = [];
  const card = [];
  const frame = [];
  for (let round = 0; round < Math.ceil(SAMPLES / 3); round++) {
    const one = await sample(
      page,
      writer,
      nodes[round % nodes.length],
      `${title}${round}`.replace(/\W/g, '')
    );
    bare.push(one.bare);
    card.push(...one.found);
    frame.push(...one.heard);
  }
  const tell = list =>
    ['median', 'p95', 'max'].map(
      (name, index) => `${name} ${quantile(list, [0.5, 0.95, 1][index]).toFixed(0)}`
    );
  printLine(title, { nodes: NODES, card, frame, bare });
  const late = card.filter(ms => ms > 300).length;
  console.error(
    `${title}: card ${tell(card).join(' ')} ms; frame heard ${tell(frame).join(' ')} ms; bare socket ${tell(bare).join(' ')} ms; ` +
      `${late} of ${card.length} over 300 ms; load ${loadavg()[0].toFixed(1)}`
  );
}

const place = new Place();
try {
  const writer = await place.startWriter(NODES + 1);
  await place.startLab();
  await place.openBrowser();
  const page = await openCanvas(place, writer.port);
  await page.waitForTimeout(REST);
  const nodes = (await cardsSeen(page)).slice(0, 8);
  await measure(page, writer, `${NODES} running, one changes`, nodes);
  await writer.ask({ others: OTHERS, but: nodes });
  await page.waitForTimeout(REST);
  await measure(page, writer, `${NODES} running, ${OTHERS} others change each second`, nodes);
  if (process.env.PICTURE) {
    await page.screenshot({ path: process.env.PICTURE });
  }
} finally {
  await place.end();
}
