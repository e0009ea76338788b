/** Findings of axe in a page and its frames. The page itself sums them up: axe's package for Playwright
 * opens a blank page for that, which takes time and, on a busy machine, the next key.
 *
 * Themes differ in colours only, so a dark one is searched by the rules about colours. */
import axe, { PartialResults, Result, RunOptions } from 'axe-core';
import { Frame, Page } from '@playwright/test';

const OF_COLOURS: RunOptions = {
  runOnly: { type: 'rule', values: ['color-contrast', 'link-in-text-block'] }
};

export async function violationsIn(
  page: Page,
  include: string | string[],
  exclude?: string
): Promise<Result[]> {
  const context = { include: [include].flat(), exclude: exclude ? [exclude] : [] };
  const isLight = await page.evaluate(() => document.body.dataset.jpThemeLight !== 'false');
  const options = isLight ? {} : OF_COLOURS;
  const partials = await partialsOf(page.mainFrame(), context, options);
  const results = await page.evaluate(([found, given]) => window.axe.finishRun(found, given), [
    partials,
    options
  ] as const);
  return results.violations;
}

/** Findings of a frame, then of the frames in it; axe expects null for one that refuses. */
async function partialsOf(
  frame: Frame,
  context: object,
  options: RunOptions
): Promise<PartialResults> {
  if (!(await frame.evaluate(() => 'axe' in window))) {
    await frame.evaluate(axe.source);
  }
  const inner = await frame.evaluate(given => window.axe.utils.getFrameContexts(given), context);
  const own = await frame.evaluate(([given, chosen]) => window.axe.runPartial(given, chosen), [
    context,
    options
  ] as const);
  const found: PartialResults = [own];
  for (const { frameSelector, frameContext } of inner) {
    const handle = await frame.evaluateHandle(
      selector => window.axe.utils.shadowSelect(selector),
      frameSelector
    );
    const element = handle.asElement();
    const child = (await element?.evaluate(runsScripts)) ? await element!.contentFrame() : null;
    const rest = child && partialsOf(child, frameContext, options);
    found.push(...((await rest?.catch(() => null)) ?? [null]));
  }
  return found;
}

/** Axe is a script as well. */
function runsScripts(frame: Node): boolean {
  const { sandbox } = frame as HTMLIFrameElement;
  return !(frame as Element).hasAttribute('sandbox') || sandbox.contains('allow-scripts');
}

declare global {
  interface Window {
    axe: Omit<typeof axe, 'runPartial' | 'utils'> & {
      runPartial: (context: object, options: RunOptions) => Promise<PartialResults[number]>;
      utils: {
        getFrameContexts: (context: object) => { frameSelector: object; frameContext: object }[];
        shadowSelect: (selector: object) => Element | null;
      };
    };
  }
}
