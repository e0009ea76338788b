/** VS Code in a container, used as people use it: through the proxy, in their browser. */
import { resolve } from 'node:path';
import { Locator, Page } from '@playwright/test';
import { withEngine } from '../lab/engine';
import { Lab } from '../lab/lab';
import { expect } from '../lab/test';

const PASSWORD = 'correct horse battery';
const RECIPE = resolve(__dirname, '../../examples/code-server');
const SAID = 'Written in the browser.';

const settings = (image: string) => ({ NBYARD_IDE_IMAGES: image });
const withCode = withEngine('recipe_image', settings, RECIPE);
withCode.use({ ownServer: { baseUrl: '/user/ann/' } });

withCode.skip(
  process.env.NBYARD_TEST_PROFILE !== 'long',
  'minutes for its image: only with --full'
);

/** The form, as one fills it who wants VS Code. */
async function deploy(lab: Lab, image: string): Promise<void> {
  await lab.panel();
  await lab.panelButton('create-deployment').press('Enter');
  const form = lab.page.locator('.jp-MainAreaWidget:not(.lm-mod-hidden) .nby-View');
  await form.getByLabel('Service').selectOption({ label: 'VS Code' });
  await form.getByLabel('Image').fill(image);
  await form.getByRole('textbox', { name: 'Title' }).fill('Code');
  await form.getByLabel('Password').fill(PASSWORD.slice(0, 8));
  await lab.press('Enter');
  await expect(form.getByRole('alert')).toContainText('must have 9 to 200 characters');
  await expect(form.getByLabel('Password')).toBeFocused();
  await form.getByLabel('Password').fill(PASSWORD);
  await lab.press('Enter');
  await expect(form.getByRole('heading', { name: 'Code' })).toBeFocused();
}

async function press(lab: Lab, name: string): Promise<void> {
  await lab.page.locator('.nby-View').getByRole('button', { name }).click();
}

async function becomes(lab: Lab, state: string): Promise<void> {
  const mark = lab.page.locator('.nby-View-header .nby-StateMark');
  await expect(mark).toHaveText(state, { timeout: 90_000 });
}

/** The files that VS Code shows. */
function explorer(page: Page): Locator {
  return page.getByRole('tree', { name: 'Files Explorer' });
}

withCode(
  'P2, P5: VS Code in a container is logged in to, edits a file that stays, and has a terminal',
  { tag: '@long' },
  async ({ lab, server, engine }, info) => {
    withCode.skip(!!engine.lacking, engine.lacking);
    const picture = (page: Page, name: string) =>
      page.screenshot({ path: info.outputPath(`${name}.png`) });
    await deploy(lab, engine.image);
    await becomes(lab, 'running');
    const link = lab.page.locator('.nby-View-header').getByRole('link', { name: 'ide' });
    const [inside] = await Promise.all([lab.page.waitForEvent('popup'), link.click()]);
    const heard: string[] = [];
    inside.on('websocket', socket =>
      socket.on('framereceived', ({ payload }) => heard.push(payload.toString()))
    );
    const address = `${server.url}nbyard/deployments/code/ide/`;

    const field = inside.locator('input[type="password"]');
    await field.fill('not the password');
    await field.press('Enter');
    await expect(inside.getByText('Incorrect password')).toBeVisible();
    await picture(inside, 'refused');
    await field.fill(PASSWORD);
    await field.press('Enter');
    const trust = inside.getByRole('button', { name: 'Yes, I trust the authors' });
    await trust.click({ timeout: 60_000 });
    await expect(trust).toBeHidden();
    expect(inside.url()).toContain(address);

    await explorer(inside).hover();
    await inside.locator('.sidebar').getByRole('button', { name: 'New File...' }).click();
    const name = explorer(inside).locator('input');
    await name.fill('said.txt');
    await name.press('Enter');
    const tab = inside.getByRole('tab', { name: /^said\.txt/ });
    await expect(tab).toBeVisible();
    const lines = inside.locator('.editor-instance .view-lines');
    await lines.click();
    await inside.keyboard.type(SAID);
    await expect(lines).toHaveText(SAID);
    await inside.keyboard.press('Control+s');
    await expect(tab).not.toHaveClass(/dirty/);
    await picture(inside, 'edited');

    await inside.keyboard.press('Control+Backquote');
    await inside.locator('.terminal .xterm-screen').click();
    await inside.keyboard.type('echo "answer $((6 * 7)) $(id -u) $PWD $(cat said.txt)"\n');
    const answer = `answer 42 65534 /home/nbyard ${SAID}`;
    await expect.poll(() => heard.join(''), { timeout: 60_000 }).toContain(answer);
    await picture(inside, 'terminal');

    const scopes = () =>
      lab.page.evaluate(async () =>
        (await navigator.serviceWorker.getRegistrations()).map(({ scope }) => scope)
      );
    await expect.poll(scopes).toContain(address);
    expect((await scopes()).filter(scope => !scope.startsWith(address))).toEqual([]);

    await press(lab, 'Stop Deployment');
    await becomes(lab, 'stopped');
    await press(lab, 'Start Deployment');
    await becomes(lab, 'running');
    await inside.goto(address); // the password is the same: it is not asked for again
    await explorer(inside)
      .getByRole('treeitem', { name: 'said.txt' })
      .dblclick({ timeout: 60_000 });
    await expect(lines).toHaveText(SAID);
    await picture(inside, 'again');

    const alone = await fetch(address, { redirect: 'manual' });
    expect(alone.status).toBe(401);
    const owner = await fetch(address, { redirect: 'manual', headers: server.signedIn });
    expect([owner.status, owner.headers.get('location')]).toEqual([302, expect.anything()]);
    await lab.reload(); // the server outside is logged in to still
    await expect(lab.row('deployment', 'Code')).toContainText('running');
  }
);
