import { expect, test } from '../lab/test';

test(
  'G6: a setting of the Settings Editor is in force at once',
  { tag: '@long' },
  async ({ lab, server }) => {
    const { page } = lab;
    const toasts = page.locator('.Toastify__toast').filter({ hasText: 'has succeeded' });
    const run = () =>
      server.post('runs', { path: 'penguins.nbflow', scope: 'to', nodes: ['clean'] });
    const states = async () => {
      const { items } = await (await server.ask('GET', 'runs')).json();
      return items.map(({ state }: { state: string }) => state);
    };
    await lab.panel();
    await run();
    await expect(toasts).toHaveCount(1, { timeout: 60_000 });
    await lab.execute('settingeditor:open', { query: 'nbyard: Runs' });
    const announce = page.getByRole('checkbox', { name: 'Announce the ends of runs' });
    const saved = page.waitForResponse(
      answer => answer.request().method() === 'PUT' && answer.url().includes('nbyard:runs')
    );
    await announce.uncheck();
    expect((await saved).ok()).toBe(true);
    await expect(toasts).toHaveCount(0, { timeout: 20_000 });
    await run();
    await expect.poll(states, { timeout: 60_000 }).toEqual(['succeeded', 'succeeded']);
    await expect(lab.section('run').locator('.nby-Row')).toHaveCount(2);
    await expect(toasts).toHaveCount(0);
  }
);

test(
  'G6: the interface has the language of JupyterLab',
  { tag: '@long' },
  async ({ lab, server }) => {
    const { page } = lab;
    const about = {
      domain: 'nbyard',
      language: 'de-DE',
      plural_forms: 'nplurals=2; plural=n != 1;'
    };
    const nbyard = { '': about, Datasets: ['Datensätze'] };
    await page.route('**/lab/api/translations/de_DE*', route =>
      route.fulfill({ json: { data: { nbyard }, message: '' } })
    );
    const save = (locale: string) =>
      page.evaluate(
        value =>
          (
            window as never as { jupyterapp: { serviceManager: { settings: ISettings } } }
          ).jupyterapp.serviceManager.settings.save(
            '@jupyterlab/translation-extension:plugin',
            JSON.stringify({ locale: value })
          ),
        locale
      );
    await save('de_DE');
    await lab.reload();
    await lab.panel();
    await expect(lab.section('dataset')).toContainText('Datensätze');
  }
);

interface ISettings {
  save: (plugin: string, raw: string) => Promise<void>;
}
