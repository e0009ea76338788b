import { nullTranslator } from '@jupyterlab/translation';
import { cleanup, render, screen } from '@testing-library/react';
import { RunContext } from '../../context/hooks';
import { IRunServices } from '../../../model/services';
import { IPreviewed, Preview } from '../Preview';

async function pageOf(text: string): Promise<string> {
  const blob = { text: async () => text };
  const client = { request: async () => ({ blob: async () => blob }) };
  const services = { yard: { client }, trans: nullTranslator.load('nbyard') };
  const shown = { name: 'report', filename: 'a.html', format: 'html', size_bytes: 9, url: 'u' };
  render(
    <RunContext.Provider value={services as unknown as IRunServices}>
      <Preview shown={shown as IPreviewed} />
    </RunContext.Provider>
  );
  return (await screen.findByTitle(/^Page report/)).getAttribute('srcdoc')!;
}

describe('K5: a page of HTML', () => {
  afterEach(() => {
    cleanup();
    delete document.body.dataset.jpThemeLight;
  });

  it.each([
    ['true', '<h1>Report</h1>', 'background: #fff'],
    ['false', '<h1>Report</h1>', 'color-scheme: dark'],
    ['false', '<style>h1 { color: navy }</style>', 'background: #fff']
  ])('fits the theme (light: %s) if it has no style: %s', async (isLight, page, colours) => {
    document.body.dataset.jpThemeLight = isLight;
    const shown = await pageOf(page);
    expect(shown).toContain(colours);
    expect(shown).toContain("default-src 'none'");
  });
});
