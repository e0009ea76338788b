import { Locator } from '@playwright/test';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { violationsIn } from '../lab/axe';
import { withEngine } from '../lab/engine';
import { Lab } from '../lab/lab';
import { expect, test } from '../lab/test';

const THEMES = ['JupyterLab Light', 'JupyterLab Dark', 'JupyterLab Dark High Contrast'];
const LONG = 'a-service-with-a-name-as-long-as-a-host-name-may-be-in-all-of-it'.slice(0, 63);
const TITLE = 'A title as long as may be, for a cow: 🐄🐄🐄';
const SERVE = 'python3\n-u\n-m\nhttp.server\n8000';

/** What DEEPaaS says and answers, from the standard library alone. */
const LIKE_DEEPAAS = resolve(__dirname, '../../tests/integration/docker/strangers/like_deepaas.py');

/** Tells what it takes, as a model does, and adds one to it. */
const MODEL = `
import http.server, json
class Handler(http.server.BaseHTTPRequestHandler):
    def say(self, status, told):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(told).encode())
    def do_GET(self):
        column = {"name": "weight", "type": "float"}
        self.say(200, {"input_schema": [column]} if self.path == "/schema" else {})
    def do_POST(self):
        row = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if isinstance(row["weight"], str):
            return self.say(400, {"error": "weight is no number"})
        self.say(200, {"prediction": {"sum": row["weight"] + 1}})
http.server.HTTPServer(("", 5000), Handler).serve_forever()
`;

const withDocker = withEngine('base_image');

function view(lab: Lab): Locator {
  return lab.page.locator('.jp-MainAreaWidget:not(.lm-mod-hidden) .nby-View');
}

function state(lab: Lab): Locator {
  return view(lab).locator('.nby-View-header .nby-StateMark');
}

async function findings(lab: Lab): Promise<string[]> {
  const violations = await violationsIn(lab.page, ['#nbyard-sidebar', '.nby-View']);
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(node => `${id} at ${node.target.join(' ')}: ${node.failureSummary}`)
  );
}

/** Type into a field of the form that is shown. */
async function fill(lab: Lab, label: string, text: string): Promise<void> {
  await view(lab).getByLabel(label).fill(text);
}

withDocker(
  'P1, P3, P4: a service is deployed from the panel, watched, edited, rolled back, stopped, deleted',
  async ({ lab, engine }, info) => {
    withDocker.skip(!!engine.lacking, engine.lacking);
    const { page, dialog } = lab;
    const picture = (name: string) => page.screenshot({ path: info.outputPath(`${name}.png`) });
    const panel = await lab.panel();
    await expect(panel).toContainText('Services that run until they are stopped');
    await lab.panelButton('create-deployment').focus();
    await lab.press('Enter');
    await expect(view(lab).getByRole('heading', { name: 'New deployment' })).toBeVisible();
    await expect(view(lab).getByLabel('Image')).toBeFocused();
    await picture('form');

    await lab.press('Enter'); // a model needs an image
    await expect(view(lab).getByRole('alert')).toHaveText('is needed');
    await expect(view(lab).getByLabel('Image')).toBeFocused();
    await view(lab).getByLabel('Service').selectOption({ label: 'Own command' });
    await fill(lab, 'Image', engine.image);
    await fill(lab, 'Title', 'Files');
    await view(lab).getByText('More', { exact: true }).press('Enter');
    await fill(lab, 'Command', SERVE);
    await fill(lab, 'CPU', '4');
    await fill(lab, 'Memory', '99');
    await view(lab).getByRole('switch', { name: 'Show help' }).press('Space');
    await expect(view(lab)).toContainText('A service that exceeds it is killed');
    await view(lab).getByRole('button', { name: 'Add a Port' }).press('Enter');
    const port = view(lab).locator('.nby-Ports-row');
    await port.getByLabel('Link').fill('web');
    await picture('more');
    await port.getByLabel('Link').press('Enter');
    await expect(view(lab).getByRole('alert')).toContainText('must be from 2 to 40 GB');
    await expect(view(lab).getByRole('textbox', { name: 'Memory' })).toBeFocused();
    await picture('refused');
    await fill(lab, 'Memory', '2');
    await port.getByLabel('Link').fill('Web');
    await port.getByRole('spinbutton').fill('80000');
    await lab.press('Enter');
    await expect(view(lab).getByRole('alert')).toContainText([
      "'Web' is not a valid port name",
      '80000 is not a valid port'
    ]);
    await expect(port.getByLabel('Link')).toBeFocused();
    expect(await findings(lab)).toEqual([]);
    await picture('ports');
    await port.getByLabel('Link').fill('web');
    await port.getByRole('spinbutton').fill('8000');
    await lab.press('Enter');

    await expect(view(lab).getByRole('heading', { name: 'Files' })).toBeFocused();
    await expect(state(lab)).toHaveText('running', { timeout: 60_000 });
    const link = view(lab).locator('.nby-View-header').getByRole('link', { name: 'web' });
    await expect(link).toHaveAttribute('href', /\/nbyard\/deployments\/files\/web\/$/);
    await expect(lab.row('deployment', 'Files')).toContainText('4 CPUs · 2 GB');
    const [opened] = await Promise.all([page.waitForEvent('popup'), link.press('Enter')]);
    await expect(opened.getByRole('heading')).toContainText('Directory listing');
    await opened.close();
    await picture('overview');
    const traffic = view(lab).getByRole('region', { name: 'Traffic' });
    await expect(traffic).toContainText(/\d requests? · 0 errors/, { timeout: 60_000 });
    await expect(traffic.getByRole('img', { name: /^Requests over time/ })).toBeVisible();
    await traffic.scrollIntoViewIfNeeded();
    await picture('traffic');
    expect(await findings(lab)).toEqual([]);
    await traffic.getByRole('button', { name: 'As Table' }).press('Enter');
    await expect(traffic.getByRole('rowheader')).toHaveCount(1);
    expect(await findings(lab)).toEqual([]);

    await view(lab).getByRole('tab', { name: 'Overview' }).press('ArrowRight');
    await expect(view(lab).getByRole('log')).toContainText('Serving HTTP');
    await picture('logs');
    await view(lab).getByRole('button', { name: 'Edit Deployment…' }).press('Enter');
    await expect(view(lab).getByLabel('Image')).toHaveValue(engine.image);
    await fill(lab, 'Title', 'Files of all');
    await fill(lab, 'CPU', '2');
    await picture('edit');
    await lab.press('Enter');
    await expect(view(lab).locator('.nby-View-header')).toContainText('revision 2');
    await expect(view(lab).getByRole('heading', { name: 'Files of all' })).toBeVisible();
    await expect(lab.row('deployment', 'Files of all')).toContainText('2 CPUs · 2 GB');

    await view(lab).getByRole('button', { name: 'Roll Back Deployment…' }).press('Enter');
    const second = view(lab).getByRole('row', { name: /^2/ });
    await expect(second).toContainText('cpu: 4 → 2');
    await expect(second).toContainText('answers', { timeout: 60_000 });
    await picture('revisions');
    await view(lab).getByRole('button', { name: 'Roll Back to Revision 1' }).press('Enter');
    await expect(view(lab).getByRole('row', { name: /^3/ })).toContainText(
      'rolled back to revision 1'
    );
    await expect(view(lab).getByRole('row', { name: /^3/ })).toContainText('answers', {
      timeout: 60_000
    });

    await lab.row('deployment', 'Files of all').focus();
    await lab.press('ArrowRight'); // its link
    await lab.press('ArrowRight');
    await lab.press('Enter');
    await expect(state(lab)).toHaveText('stopped', { timeout: 60_000 });
    await expect(link).toHaveCount(0);
    await view(lab).getByRole('tab', { name: 'Logs' }).click();
    await expect(view(lab).getByRole('log')).toContainText('Serving HTTP'); // kept
    await view(lab).getByRole('combobox', { name: 'Log of' }).selectOption({ label: 'revision 1' });
    await expect(view(lab).getByRole('log')).toContainText('Serving HTTP');
    await picture('stopped');

    await lab.row('deployment', 'Files of all').focus();
    await lab.press('Delete');
    await expect(dialog).toContainText('All 3 revisions, the files in the container');
    await picture('delete');
    await lab.press('Enter');
    await expect(lab.row('deployment', 'Files of all')).toHaveCount(0);
    await expect(view(lab)).toHaveCount(0);
  }
);

withDocker(
  'P2, P3: what cannot be says why, for axe too, in three themes',
  { tag: '@long' },
  async ({ lab, server, engine }, info) => {
    withDocker.skip(!!engine.lacking, engine.lacking);
    const { page } = lab;
    const found: string[] = [];
    const look = async (name: string) => {
      found.push(...(await findings(lab)).map(line => `${name}: ${line}`));
      await page.screenshot({ path: info.outputPath(`${name}.png`) });
    };
    await lab.panel();
    await lab.tile('Deploy a Model').click();
    await view(lab).getByRole('button', { name: 'Another Image or Service…' }).click();
    await view(lab).getByLabel('Service').selectOption({ label: 'JupyterLab' });
    await fill(lab, 'Password', 'short');
    await lab.press('Enter');
    await expect(view(lab).getByRole('alert')).toContainText('must have 9 to 200 characters');
    await expect(view(lab).getByLabel('Password')).toBeFocused();
    await view(lab).getByRole('switch', { name: 'Show help' }).check();
    await view(lab).getByLabel('Service').selectOption({ label: 'Model API' });
    await fill(lab, 'Image', 'localhost:1/missing:gpu');
    await fill(lab, 'Title', TITLE);
    await view(lab).getByText('More', { exact: true }).click();
    await fill(lab, 'Host name', LONG);
    await fill(lab, 'CPU', 'four');
    await lab.press('Enter');
    await expect(view(lab).getByRole('alert')).toContainText('Enter a number');
    for (const theme of THEMES) {
      await lab.theme(theme);
      await look(`${theme.replaceAll(' ', '-')}-form`);
    }
    await fill(lab, 'CPU', '');
    await lab.press('Enter');
    await expect(state(lab)).toHaveText('failed', { timeout: 60_000 });
    await expect(view(lab).getByRole('alert')).toContainText('localhost:1/missing:gpu');
    await expect(view(lab).getByRole('region', { name: 'Command' })).toContainText('docker');
    await expect(view(lab)).toContainText("The tag 'gpu' is for GPUs");
    await expect(view(lab)).not.toContainText('not responding'); // no container was started
    await expect(lab.row('deployment', TITLE)).toContainText('failed');
    await server.ask('PATCH', `deployments/${LONG}`, { memory_gb: 2, environment: { A: LONG } });
    await expect(view(lab).locator('.nby-View-header')).toContainText('revision 2');
    for (const theme of THEMES) {
      await lab.theme(theme);
      for (const tab of ['Overview', 'Logs', 'Revisions', 'Configuration']) {
        await view(lab).getByRole('tab', { name: tab }).click();
        await look(`${theme.replaceAll(' ', '-')}-${tab.toLowerCase()}`);
      }
    }
    expect(found).toEqual([]);

    await lab.closeTab('A title');
    await lab.row('deployment', TITLE).focus();
    await lab.press('Enter');
    await expect(view(lab).getByRole('heading', { name: TITLE })).toBeFocused();
    await lab.row('deployment', TITLE).click({ button: 'right' });
    await lab.menuItem('Stop Deployment').click();
    await expect(state(lab)).toHaveText('stopped', { timeout: 60_000 });
  }
);

withDocker(
  'P3: a model is tried from its view',
  { tag: '@long' },
  async ({ lab, server, engine }, info) => {
    withDocker.skip(!!engine.lacking, engine.lacking);
    await server.post('deployments', {
      title: 'Adder',
      image: engine.image,
      memory_gb: 2,
      command: ['python3', '-c', MODEL]
    });
    await lab.panel();
    await lab.row('deployment', 'Adder').click();
    await expect(state(lab)).toHaveText('running', { timeout: 60_000 });
    await view(lab).getByRole('tab', { name: 'Overview' }).press('ArrowRight');
    const weight = view(lab).getByLabel('weight');
    await expect(weight).toHaveValue('1');
    await weight.fill('0.5');
    await view(lab).getByRole('button', { name: 'Send' }).press('Enter');
    await expect(view(lab).locator('.nby-Prediction')).toContainText('1.5');
    await expect(view(lab)).toContainText(/Status 200 · \d+ ms/);
    await view(lab)
      .getByLabel('Request', { exact: true })
      .selectOption({ label: 'Predict rows of JSON (POST /predict)' });
    const body = view(lab).getByLabel('JSON');
    await expect(body).toHaveValue(/"weight": 1/);
    await body.fill('{"weight": "much"}');
    await body.press('Control+Enter');
    await expect(view(lab).getByRole('region', { name: 'Text' })).toContainText('is no number');
    await view(lab).getByText('curl', { exact: true }).press('Enter');
    await expect(view(lab).getByRole('region', { name: 'curl' })).toContainText(
      '/adder/api/predict'
    );
    for (const theme of THEMES) {
      await lab.theme(theme);
      expect(await findings(lab)).toEqual([]);
      await lab.page.screenshot({ path: info.outputPath(`${theme.replaceAll(' ', '-')}.png`) });
    }
  }
);

withDocker(
  'P2, P3: a service of DEEPaaS has the form that it describes, with a file',
  { tag: '@long' },
  async ({ lab, server, engine }, info) => {
    withDocker.skip(!!engine.lacking, engine.lacking);
    await server.post('deployments', {
      title: 'Herds',
      image: engine.image,
      memory_gb: 2,
      command: ['python3', '-c', await readFile(LIKE_DEEPAAS, 'utf8')]
    });
    await lab.panel();
    await lab.row('deployment', 'Herds').click();
    await expect(state(lab)).toHaveText('running', { timeout: 60_000 });
    await view(lab).getByRole('tab', { name: 'Try it' }).click();
    await expect(view(lab).getByLabel('herd')).toHaveValue('small');
    await expect(view(lab)).toContainText('Which herd');
    await view(lab).getByLabel('herd').selectOption('large');
    await fill(lab, 'limit', '2');
    const picture = { name: 'cows.png', mimeType: 'image/png', buffer: Buffer.from('a picture') };
    await view(lab).getByLabel('data').setInputFiles(picture);
    await view(lab).getByRole('button', { name: 'Send' }).press('Enter');
    const text = view(lab).getByRole('region', { name: 'Text' });
    for (const part of ['"herd": "large"', '"limit": 2', '"bytes": 9']) {
      await expect(text).toContainText(part);
    }
    await fill(lab, 'limit', 'many');
    await view(lab).getByRole('button', { name: 'Send' }).press('Enter');
    await expect(view(lab)).toContainText(/Status 422 · \d+ ms/);
    await expect(text).toContainText('Not a valid integer.');
    for (const theme of THEMES) {
      await lab.theme(theme);
      expect(await findings(lab)).toEqual([]);
      await lab.page.screenshot({ path: info.outputPath(`${theme.replaceAll(' ', '-')}.png`) });
    }
  }
);

test.describe('without Docker', () => {
  test.use({
    ownServer: { baseUrl: '/prefix/' },
    environment: { NBYARD_DOCKER_HOST: 'unix:///nowhere/docker.sock' }
  });

  test(
    'P3, G2: without Docker, or without the server, the panel says so',
    { tag: '@long' },
    async ({ lab, server }, info) => {
      const { page } = lab;
      await page.route('**/nbyard/api/deployments?*', route => route.abort());
      const panel = await lab.panel();
      const section = panel.locator('.nby-Section').filter({ hasText: 'Not reachable' });
      await expect(section).toBeVisible();
      await page.unroute('**/nbyard/api/deployments?*');
      await section.getByRole('button', { name: 'Try Again' }).click();
      await expect(panel).toContainText('Services that run until they are stopped');
      await page.route('**/nbyard/api/deployment-form', route => route.abort());
      await lab.execute('nbyard:create-deployment');
      await expect(page.locator('.nby-Panel').getByRole('alert')).toBeVisible();
      await page.unroute('**/nbyard/api/deployment-form');
      await lab.closeTab('New Deployment');

      await lab.execute('nbyard:create-deployment');
      await view(lab).getByLabel('Service').selectOption({ label: 'Own command' });
      await fill(lab, 'Image', 'cows:1');
      await lab.press('Enter');
      await expect(view(lab).getByRole('alert')).toContainText(/Docker/);
      await expect(view(lab).getByRole('alert')).toBeFocused();
      await lab.closeTab('New Deployment');

      // one that was made while there was an engine
      await server.post('deployments', { service: 'own', preset: 'standard', image: 'cows:1' });
      await lab.row('deployment', 'cows').dblclick();
      await expect(view(lab).getByRole('heading', { name: 'cows' })).toBeVisible();
      await expect(state(lab)).toHaveText('down', { timeout: 60_000 });
      await expect(view(lab).getByRole('alert')).toContainText(/Docker/);
      await page.screenshot({ path: info.outputPath('no-docker.png') });
      await server.ask('DELETE', 'deployments/cows');
      await expect(lab.row('deployment', 'cows')).toHaveCount(0);
    }
  );
});
