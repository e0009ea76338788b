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

/** Send a request to the server of the person, as its pages do. */
function ask(lab: Lab, method: string, path: string, body?: object, headers = {}): Promise<IMade> {
  return lab.page.evaluate(
    async ([how, place, text, more]) => {
      const xsrf = /_xsrf=([^;]*)/.exec(document.cookie)![1];
      const own = { 'Content-Type': 'application/json', 'X-XSRFToken': xsrf };
      const base = location.pathname.replace(/lab.*/, '');
      const all = { method: how, body: text, headers: { ...own, ...more } };
      const answer = await fetch(base + place, all);
      if (!answer.ok) {
        throw new Error(`${answer.status} ${await answer.text()}`);
      }
      return answer.status === 204 ? {} : answer.json();
    },
    [method, path, body && JSON.stringify(body), headers] as const
  );
}

interface IMade {
  id: string;
  workflow_id: string;
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

      await bob.page.goto(`${hub.url}/user/bob/lab`);
      await bob.ready();
      await bob.panel();
      await ann.row('dataset', 'penguins.csv').click({ button: 'right' });
      await ann.menuItem('Share…').click();
      await ann.dialog.getByLabel('Name').fill('bob');
      await ann.page.screenshot({ path: info.outputPath('share.png') });
      await ann.dialog.getByRole('button', { name: 'Share', exact: true }).click();
      await expect(bob.row('dataset', 'ann/penguins.csv')).toContainText('2 × 2');

      // without an engine, runs wait
      const content = { type: 'file', format: 'text', content: 'print(1)' };
      await ask(ann, 'PUT', 'api/contents/shared.py', content);
      await ask(ann, 'PUT', 'api/contents/private.py', content);
      const project = await ask(ann, 'POST', 'nbyard/api/projects', { name: 'wine' });
      const member = { name: 'bob', role: 'viewer' };
      await ask(ann, 'POST', 'nbyard/api/shares/project/wine', member);
      await ask(ann, 'POST', 'nbyard/api/runs', { path: 'private.py' });
      const within = { 'Nbyard-Project': project.id };
      const run = await ask(ann, 'POST', 'nbyard/api/runs', { path: 'shared.py' }, within);
      await expect(ann.section('run').locator('.nby-Row')).toHaveCount(2);
      const seen = bob.section('run').locator('.nby-Row');
      await expect(seen).toHaveCount(1);
      await expect(seen).toContainText('ann/shared');
      await bob.page.screenshot({ path: info.outputPath('followed.png') });
      await ask(ann, 'POST', `nbyard/api/runs/${run.id}/cancel`);
      await expect(seen).toContainText('cancelled');

      const nodes = { one: { type: 'executable', path: 'shared.py' } };
      const document = { version: 1, meta: { id: 'd', title: 'Flow' }, nodes, edges: {} };
      const flow = { type: 'file', format: 'text', content: JSON.stringify(document) };
      await ask(ann, 'PUT', 'api/contents/flow.nbflow', flow);
      const { workflow_id: id } = await ask(ann, 'POST', 'nbyard/api/runs', {
        path: 'flow.nbflow'
      });
      await ask(ann, 'POST', `nbyard/api/shares/workflow/${id}`, member);
      const workflows = bob.section('workflow').locator('.nby-Row');
      await expect(workflows).toContainText(['ann/Flow']);
      await workflows.click({ button: 'right' });
      await expect(bob.menuItem('Open Workflow')).toBeVisible();
      await expect(bob.menuItem('Share…')).toHaveCount(0);
      await bob.page.keyboard.press('Escape');
      await workflows.dblclick();
      await bob.dialog.getByRole('button', { name: 'Open a Copy' }).click();
      await expect(bob.page.getByText('There is no file shared.py.')).toBeVisible();
      await bob.page.screenshot({ path: info.outputPath('copy.png') });
      await ask(ann, 'DELETE', `nbyard/api/shares/workflow/${id}/bob`);
      await expect(workflows.filter({ hasText: 'ann/Flow' })).toHaveCount(0);
    } finally {
      await Promise.all(people.map(context => context.close()));
      await hub.stop();
    }
  }
);
