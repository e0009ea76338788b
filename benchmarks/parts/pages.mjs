/**
 * Opens pages for `pages.py`: reads `{"address", "until", "text"}` from each line, answers with
 * `{"seconds", "text"}`. `until` and `text` are selectors, or empty.
 *
 *     node pages.mjs /usr/bin/chromium-headless-shell
 */
import { createInterface } from 'node:readline';
import { chromium } from './in_lab.mjs';

const PATIENCE = 300_000;
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync'
];

async function opened(browser, { address, until, text }) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  try {
    context.setDefaultTimeout(PATIENCE);
    const page = await context.newPage();
    const start = performance.now();
    await page.goto(address);
    if (until) {
      await page.locator(until).first().waitFor();
    }
    const seconds = (performance.now() - start) / 1000;
    return { seconds, text: text && (await page.locator(text).textContent()) };
  } finally {
    await context.close();
  }
}

const browser = await chromium.launch({ executablePath: process.argv[2], args: ARGUMENTS });
try {
  for await (const line of createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(await opened(browser, JSON.parse(line))));
  }
} finally {
  await browser.close();
}
