/** What every journey starts from: a server as new, and a browser at its JupyterLab. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Browser, BrowserContext, chromium, Page, test as base } from '@playwright/test';
import { Lab } from './lab';
import { IFlavour, LabServer } from './server';

interface IOptions {
  /** Set by journeys that kill their server or need a special one, which they then do not share. */
  ownServer: IFlavour | null;
  /** Settings of nbyard, as variables. */
  environment: NodeJS.ProcessEnv;
}

interface IFixtures {
  server: LabServer;
  /** JupyterLab with an empty launcher. */
  lab: Lab;
  /** Another window, of another person or on another computer. */
  anotherLab: () => Promise<Lab>;
}

interface IOfWorker {
  /** The JupyterLab that the journeys of a worker share, one after the other. */
  sharedServer: LabServer;
  /** A browser with a cache on disk: in a context of its own each journey would compile JupyterLab. */
  sharedContext: BrowserContext;
}

const viewport = { width: 1440, height: 900 };

export const test = base.extend<IOptions & IFixtures, IOfWorker>({
  ownServer: [null, { option: true }],
  environment: [{}, { option: true }],
  sharedServer: [
    async ({}, use) => {
      const server = new LabServer();
      await use(server);
      await server.stop();
    },
    { scope: 'worker', timeout: 120_000 }
  ],
  sharedContext: [
    async ({ launchOptions }, use) => {
      const folder = await mkdtemp(join(tmpdir(), 'nbyard-browser-'));
      const context = await chromium.launchPersistentContext(folder, {
        ...launchOptions,
        viewport
      });
      await use(context);
      await context.close();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
    { scope: 'worker', timeout: 120_000 }
  ],
  context: async ({ sharedContext, server }, use) => {
    await use(sharedContext);
    const [, ...opened] = sharedContext.pages();
    await Promise.all(opened.map(page => page.close()));
    await forget(sharedContext, new URL(server.url).origin);
  },
  page: async ({ context }, use) => {
    await use(await context.newPage());
  },
  server: async ({ ownServer, environment, sharedServer }, use, info) => {
    const server = ownServer ? new LabServer(ownServer) : sharedServer;
    try {
      await server.renew(environment);
      await use(server);
    } finally {
      if (info.errors.length) {
        await writeFile(info.outputPath('server.log'), server.log());
      }
      if (ownServer) {
        await server.stop();
      }
    }
  },
  lab: async ({ page, server }, use) => {
    await use(await opened(page, server));
  },
  anotherLab: async ({ browser, server }, use) => {
    const pages: Page[] = [];
    await use(async () => {
      const page = await newPage(browser);
      pages.push(page);
      return opened(page, server);
    });
    await Promise.all(pages.map(page => page.context().close()));
  }
});

/** Remove what pages stored, but not the cache of files and of compiled code. */
async function forget(context: BrowserContext, origin: string): Promise<void> {
  await context.clearCookies();
  await context.clearPermissions();
  const [blank] = context.pages();
  const session = await context.newCDPSession(blank);
  await session.send('Storage.clearDataForOrigin', { origin, storageTypes: 'all' });
  await session.detach();
}

async function newPage(browser: Browser): Promise<Page> {
  const context = await browser.newContext({ viewport });
  return context.newPage();
}

async function opened(page: Page, server: LabServer): Promise<Lab> {
  const lab = new Lab(page, server);
  await lab.open();
  return lab;
}

export { expect } from '@playwright/test';
