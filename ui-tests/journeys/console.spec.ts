import { Lab } from '../lab/lab';
import { expect, test } from '../lab/test';

/** JupyterLab warns about each plugin that a busy machine delays. */
const SLOW = /^Plugin \S+ (is taking too long|.* took [\d.]+ms) to activate/;

/** tests/acceptance/test_wheel.py repeats this with the oldest JupyterLab that nbyard supports. */
test(
  'G1: JupyterLab opens and runs the example without a warning or error in the console',
  { tag: '@long' },
  async ({ page, server }) => {
    const messages: string[] = [];
    page.on('console', message => {
      if (['warning', 'error'].includes(message.type()) && !SLOW.test(message.text())) {
        messages.push(`${message.type()}: ${message.text()} (${message.location().url})`);
      }
    });
    page.on('pageerror', error => messages.push(`${error.name}: ${error.message}`));
    const lab = new Lab(page, server);
    await lab.open();
    const canvas = await lab.openWorkflow('penguins.nbflow');
    await expect(canvas.cards).toHaveCount(5);
    await lab.click(canvas.button('run-workflow'));
    await lab.drawer.succeeds(180_000);
    await expect(canvas.stateOf('report')).toContainText('succeeded');
    await lab.panel();
    await expect(lab.row('workflow', 'Penguins')).toBeVisible();
    expect(messages).toEqual([]);
  }
);
