import { Page } from '@playwright/test';
import { ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Lab } from '../lab/lab';
import { PYTHON } from '../lab/places';
import { expect, test } from '../lab/test';

/** A JupyterHub, until it is stopped. */
class JourneyHub {
  private constructor(
    private readonly child: ChildProcess,
    readonly url: string
  ) {}

  static async start(): Promise<JourneyHub> {
    const child = spawn(PYTHON, [join(__dirname, '../lab/hub.py')], {
      stdio: ['pipe', 'pipe', 'inherit']
    });
    const [url] = await once(createInterface(child.stdout!), 'line');
    return new JourneyHub(child, url);
  }

  async stop(): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.stdin!.end();
    await ended;
  }

  /** Sign in at the form of the hub, and wait for JupyterLab. */
  async signIn(page: Page, name: string): Promise<Lab> {
    await page.goto(this.url);
    await page.getByLabel('Username').fill(name);
    await page.getByLabel('Password').fill('any');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(`**/user/${name}/lab**`, { timeout: 60_000 });
    const lab = new Lab(page, undefined as never);
    await lab.ready();
    return lab;
  }
}

test(
  'H1, H2: users of a hub sign in once, share its service, and see their own',
  { tag: '@long' },
  async ({ browser }, info) => {
    const hub = await JourneyHub.start();
    const people = await Promise.all([browser.newContext(), browser.newContext()]);
    try {
      const pages = await Promise.all(people.map(context => context.newPage()));
      const [ann, bob] = await Promise.all([
        hub.signIn(pages[0], 'ann'),
        hub.signIn(pages[1], 'bob')
      ]);
      const asked: string[] = [];
      ann.page.on('request', request => asked.push(new URL(request.url()).pathname));
      await ann.panel();
      const upload = ann.panelButton('upload-dataset');
      await ann.choose(upload, { name: 'penguins.csv', content: Buffer.from('a,b\n1,2\n3,4\n') });
      await expect(ann.row('dataset', 'penguins.csv')).toContainText('2 × 2');
      await ann.page.screenshot({ path: info.outputPath('ann.png') });
      expect(asked.filter(path => path.includes('nbyard/api')).length).toBeGreaterThan(0);
      expect(asked.filter(path => !path.startsWith('/user/ann/'))).toEqual([]);

      const listed = bob.page.waitForResponse(answer => answer.url().includes('/api/datasets?'));
      await bob.page.reload();
      await bob.ready();
      await bob.panel();
      const { items } = await (await listed).json();
      expect(items).toEqual([]);
      await expect(bob.row('dataset', 'penguins.csv')).toHaveCount(0);
      await bob.page.screenshot({ path: info.outputPath('bob.png') });
      const answer = await bob.page.goto(`${hub.url}/user/ann/nbyard/api/datasets`);
      expect(answer!.status()).toBe(403);
    } finally {
      await Promise.all(people.map(context => context.close()));
      await hub.stop();
    }
  }
);
