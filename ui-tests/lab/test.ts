/** What every journey starts from: a server of its own, and a browser at its JupyterLab. */
import { writeFile } from 'node:fs/promises';
import { Browser, Page, test as base } from '@playwright/test';
import { Lab } from './lab';
import { IFlavour, LabServer } from './server';

interface IOptions {
  flavour: IFlavour;
}

interface IFixtures {
  server: LabServer;
  /** JupyterLab with an empty launcher. */
  lab: Lab;
  /** Another window, of another person or on another computer. */
  anotherLab: () => Promise<Lab>;
}

export const test = base.extend<IOptions & IFixtures>({
  flavour: [{ collaboration: false, baseUrl: '/' }, { option: true }],
  server: async ({ flavour }, use, info) => {
    const server = new LabServer(flavour);
    try {
      await use(await server.start());
      if (info.errors.length) {
        await writeFile(info.outputPath('server.log'), server.log());
      }
    } finally {
      await server.stop();
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
