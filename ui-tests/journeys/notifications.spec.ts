import { writeFile } from 'node:fs/promises';
import { createServer, Server } from 'node:http';
import { AddressInfo } from 'node:net';
import { violationsIn } from '../lab/axe';
import { Lab } from '../lab/lab';
import { MailServer } from '../lab/mail';
import { simplifyExample } from '../lab/notebooks';
import { expect, test } from '../lab/test';

test.use({ environment: { NBYARD_ALLOWED_PRIVATE_HOSTS: '127.0.0.1' } });

interface IEvent {
  id: string;
  type: string;
  data: { title: string; run_id: string };
}

/** A webhook that records events; it refuses while `isDown`. */
class Webhook {
  readonly events: IEvent[] = [];
  isDown = false;
  private readonly server: Server = createServer((request, response) => {
    let text = '';
    request.on('data', piece => (text += piece));
    request.on('end', () => {
      if (!this.isDown) {
        this.events.push(...([JSON.parse(text)].flat() as IEvent[]));
      }
      response.writeHead(this.isDown ? 404 : 200).end();
    });
  });

  async start(): Promise<string> {
    await new Promise<void>(done => this.server.listen(0, '127.0.0.1', done));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/s3cr3t`;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

/** Create a channel from the form of a schedule: one dialog at a time, and back with its box ticked. */
async function scheduleWithNewChannel(
  lab: Lab,
  url: string,
  picture: (name: string) => Promise<unknown>
): Promise<void> {
  const { dialog } = lab;
  await lab.runFromPalette('Schedule…');
  await dialog.getByLabel('When').fill('monday 9:30');
  await dialog.getByRole('button', { name: 'New Channel…' }).click();
  await expect(dialog.locator('.jp-Dialog-header')).toHaveText('New Channel');
  await expect(dialog.getByLabel('Name')).toBeFocused();
  await expect(dialog.getByRole('button', { name: 'Cancel' })).toHaveCount(1);
  await lab.page.keyboard.type('pager');
  await dialog.getByLabel('URL').fill(url);
  await dialog.getByRole('button', { name: 'Send Test' }).click();
  await expect(dialog.getByText('The test message was accepted')).toBeVisible();
  for (const theme of ['JupyterLab Dark', 'JupyterLab Light']) {
    await lab.theme(theme);
    await picture(`new channel ${theme}.png`);
  }
  await dialog.getByRole('button', { name: 'Save Channel' }).click();
  await expect(dialog.locator('.jp-Dialog-header')).toContainText('Schedule');
  await expect(dialog.getByLabel('When')).toHaveValue('monday 9:30');
  await expect(dialog.getByLabel('pager')).toBeChecked();
  await expect(dialog.getByLabel('pager')).toBeFocused();
  await picture('back in schedule.png');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await expect(dialog).toHaveCount(0);
}

test('R6, journey 3: a channel is created and tested; a schedule with mail takes three actions', async ({
  lab,
  server
}, info) => {
  const webhook = new Webhook();
  const url = await webhook.start();
  const mail = new MailServer();
  try {
    const { dialog } = lab;
    await server.post('channels', { name: 'mail', url: await mail.start() });
    const projects = `${server.url}nbyard/api/projects`;
    await lab.page.request.post(projects, { headers: server.signedIn, data: { name: 'birds' } });
    await simplifyExample(server);
    await lab.openWorkflow('penguins.nbflow');
    await lab.runFromPalette('Notifications…');
    await dialog.getByRole('button', { name: 'New Channel…' }).click();
    await dialog.getByLabel('Name').fill('team');
    await dialog.getByLabel('URL').fill('http://192.168.0.1/');
    await lab.press('Enter');
    await expect(dialog.getByRole('alert')).toContainText('192.168.0.1');
    await dialog.getByLabel('URL').fill(url);
    await dialog.getByLabel('succeeded', { exact: true }).check();
    for (const theme of ['JupyterLab Light', 'JupyterLab Dark']) {
      await lab.theme(theme);
      const found = await violationsIn(lab.page, '.jp-Dialog');
      expect(found.map(({ id, nodes: at }) => `${theme}: ${id} at ${at[0].target}`)).toEqual([]);
      await lab.page.screenshot({ path: info.outputPath(`form ${theme}.png`) });
    }
    await dialog.getByRole('button', { name: 'Save Channel' }).click();
    const row = dialog.getByRole('listitem').filter({ hasText: 'team' });
    await expect(row).toContainText('webhook · http://127.0.0.1');
    await expect(row).not.toContainText('s3cr3t');
    webhook.isDown = true;
    await row.getByRole('button', { name: 'Send Test' }).click();
    await expect(row.getByRole('status')).toContainText('Not sent: webhook answered 404');
    webhook.isDown = false;
    await row.getByRole('button', { name: 'Send Test' }).click();
    await expect(row.getByRole('status')).toContainText('test message was accepted');
    expect(webhook.events.map(({ type }) => type)).toEqual(['nbyard.channel.test']);
    for (const theme of ['JupyterLab Light', 'JupyterLab Dark']) {
      await lab.theme(theme);
      const found = await violationsIn(lab.page, '.jp-Dialog');
      expect(found.map(({ id, nodes: at }) => `${theme}: ${id} at ${at[0].target}`)).toEqual([]);
      await lab.page.screenshot({ path: info.outputPath(`list ${theme}.png`) });
    }
    const limit = async (project: string) => {
      await row.getByRole('button', { name: 'Edit' }).click();
      await dialog.getByText('More', { exact: true }).click();
      await dialog.getByLabel('Only runs of this project').fill(project);
      await lab.page.screenshot({ path: info.outputPath(`project ${project}.png`) });
      await dialog.getByRole('button', { name: 'Save Channel' }).click();
    };
    await limit('birds');
    await expect(row).toContainText('in birds');
    await limit('');
    await expect(row).not.toContainText('in birds');
    await dialog.getByRole('button', { name: 'Close' }).click();

    lab.actions = 0;
    await lab.click(lab.canvas.button('schedule-file'));
    await expect(dialog.getByLabel('When')).toBeFocused();
    await lab.page.keyboard.type('weekdays 8:00');
    await lab.click(dialog.getByLabel('mail'));
    await lab.page.screenshot({ path: info.outputPath('schedule.png') });
    await lab.press('Enter');
    lab.did('schedule');
    await expect(dialog).toHaveCount(0);
    await scheduleWithNewChannel(lab, url, name =>
      lab.page.screenshot({ path: info.outputPath(name) })
    );
    await lab.panel();
    const schedule = lab.row('automation', 'penguins');
    await expect(schedule).toContainText('08:00');
    await schedule.click({ button: 'right' });
    await lab.menuItem('Run Now').click();
    await lab.drawer.succeeds();
    await expect.poll(() => webhook.events.at(-1)?.type).toBe('nbyard.run.succeeded');
    const { title, run_id: run } = webhook.events.at(-1)!.data;
    expect(title).toContain('enguins');
    expect(mail.mails).toEqual([]);
    await writeFile(server.file('count.py'), 'raise ValueError("no penguins")\n');
    await server.post('automations/penguins/fire', {});
    await expect.poll(() => mail.mails).toHaveLength(1);
    expect(mail.recipients).toEqual(['bob@example.org']);
    expect(mail.mails[0]).toMatch(/^Subject: .*failed/m);
    expect(mail.mails[0]).toContain('ValueError: no penguins');
    expect(mail.mails[0]).toContain(`${server.url}lab?nbyard-run`);
    // The address in a message shows the run.
    await lab.page.goto(`${server.lab()}&nbyard-run=${run}`);
    await expect(lab.page.locator('.nby-RunDrawer')).toContainText(title);
  } finally {
    webhook.stop();
    mail.stop();
  }
});

for (const task of ['schedule', 'notebook'] as const) {
  test(
    `journey 3: a file is scheduled with mail by keyboard: ${task}`,
    { tag: '@long' },
    async ({ lab, server }) => {
      const url = 'mailto://127.0.0.1:9/?from=ann@example.org&to=bob@example.org';
      await server.post('channels', { name: 'mail', url });
      if (task === 'schedule') {
        await lab.openWorkflow('penguins.nbflow');
      } else {
        await lab.openFile('clean.ipynb');
        await lab.page.locator('.jp-NotebookPanel .jp-Cell').nth(2).click();
      }
      const { dialog } = lab;
      const box = dialog.getByLabel('mail');
      lab.actions = 0;
      await lab.runFromPalette('Schedule…');
      await expect(dialog.getByLabel('When')).toBeFocused();
      await lab.page.keyboard.type('weekdays 8:00');
      await expect(box).toBeVisible();
      await lab.press('Tab');
      await lab.press('Tab');
      await expect(box).toBeFocused();
      await lab.press('Space');
      await lab.press('Enter');
      lab.did(task, 'keys');
      await expect(dialog).toHaveCount(0);
      const channel = async () => {
        const { items } = await (await server.ask('GET', 'automations')).json();
        return items[0]?.notify[0].channel;
      };
      await expect.poll(channel).toBe('mail');
    }
  );
}
