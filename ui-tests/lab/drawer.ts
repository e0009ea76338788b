import { expect, Locator, Page } from '@playwright/test';

/** The Run Info drawer. */
export class Drawer {
  constructor(private readonly page: Page) {}

  get root(): Locator {
    return this.page.locator('#jp-down-stack .nby-RunView');
  }

  /** The state of the run in a word. */
  get state(): Locator {
    return this.root.locator('.nby-RunView-header [role="status"]');
  }

  get failure(): Locator {
    return this.root.locator('.nby-Failure');
  }

  async tab(name: string): Promise<void> {
    await this.root.getByRole('tab', { name }).click();
    await expect(this.root.getByRole('tab', { name })).toHaveAttribute('aria-selected', 'true');
  }

  get body(): Locator {
    return this.root.getByRole('tabpanel').first();
  }

  /** The row of a step. */
  step(node: string): Locator {
    return this.root.locator(`.nby-Row[data-noun="task"][data-id="${node}"]`);
  }

  /** Which step the tab is about. */
  async choose(node: string): Promise<void> {
    const choice = this.body.getByLabel('Task');
    const option = choice.locator('option').filter({ hasText: node });
    await choice.selectOption((await option.getAttribute('value'))!);
  }

  row(text: string): Locator {
    return this.body.getByRole('row').filter({ hasText: text });
  }

  /** The run is over, and went well. */
  async succeeds(timeout = 60_000): Promise<void> {
    await expect(this.state).toHaveText('succeeded', { timeout });
  }
}
