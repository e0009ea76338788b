// Take a picture of the page of ./dev:
// node ui-tests/screenshot.mjs ADDRESS FILE.png [COMMAND [SELECTOR]]
import { fileURLToPath } from 'node:url';
import { chromium } from '@playwright/test';

const [address, path, command, selector = '#jp-main-dock-panel'] = process.argv.slice(2);
const executablePath = fileURLToPath(new URL('lab/chromium.py', import.meta.url));
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
await page.goto(address);
await page.waitForFunction(() => window.jupyterapp);
await page.evaluate(() => window.jupyterapp.restored.then(() => undefined));
if (command) await page.evaluate(id => void window.jupyterapp.commands.execute(id), command);
await page.waitForSelector(selector);
await page.screenshot({ path });
await browser.close();
