/** What every journey starts from: a server as new, and a browser at its JupyterLab. */
import { writeFile } from 'node:fs/promises';
import { Browser, Page, test as base } from '@playwright/test';
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
}

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

async function newPage(browser: Browser): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  return context.newPage();
}

async function opened(page: Page, server: LabServer): Promise<Lab> {
  const lab = new Lab(page, server);
  await lab.open();
  return lab;
}

export { expect } from '@playwright/test';
