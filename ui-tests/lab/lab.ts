/** JupyterLab as a person sees it; every action is counted. */
import { expect, Locator, Page, test } from '@playwright/test';
import { NOTE, Task, TASKS, Way } from './actions';
import { Canvas, exactly } from './canvas';
import { Drawer } from './drawer';
import { LabServer } from './server';

export class Lab {
  constructor(
    readonly page: Page,
    readonly server: LabServer
  ) {
    this.drawer = new Drawer(page);
  }

  readonly drawer: Drawer;
  /** Clicks, drags and keys so far; the typing of text does not count. */
  actions = 0;

  async open(path = ''): Promise<void> {
    await this.page.goto(this.server.lab(path));
    await this.ready();
  }

  async reload(): Promise<void> {
    await this.page.reload();
    await this.ready();
  }

  /** The page is there and its layout restored. */
  async ready(): Promise<void> {
    await expect(this.page.locator('#jp-main-dock-panel')).toBeVisible({ timeout: 60_000 });
    await this.page.evaluate(() => (window as never as { jupyterapp: IApp }).jupyterapp.restored);
    await expect(this.page.locator('#jupyterlab-splash')).not.toBeVisible();
    // the launcher comes last, and only where nothing has been opened by then
    await expect(this.page.locator('#jp-main-dock-panel .lm-DockPanel-widget')).not.toHaveCount(0);
  }

  async click(target: Locator, options?: Parameters<Locator['click']>[0]): Promise<void> {
    this.actions++;
    await target.click(options);
  }

  async press(key: string): Promise<void> {
    this.actions++;
    await this.page.keyboard.press(key);
  }

  /** Take something with the mouse and let it go elsewhere, in steps as a hand would. */
  async drag(
    from: IPoint | Locator,
    to: IPoint | Locator,
    hover?: () => Promise<void>
  ): Promise<void> {
    this.actions++;
    const { mouse } = this.page;
    const [start, end] = [await pointOf(from), await pointOf(to)];
    await mouse.move(start.x, start.y);
    await mouse.down();
    await mouse.move(start.x + 8, start.y + 8, { steps: 3 });
    await mouse.move(end.x, end.y, { steps: 12 });
    await hover?.();
    await mouse.up();
  }

  /** A task of the user is done, in no more actions than it may take. */
  did(task: Task, way: Way = 'mouse'): void {
    const {
      title,
      most,
      keys = Infinity
    }: { title: string; most: number; keys?: number } = TASKS[task];
    expect(this.actions, title).toBeLessThanOrEqual(way === 'mouse' ? most : keys);
    const description = `${task} ${this.actions}`;
    test.info().annotations.push({ type: NOTE[way], description });
  }

  /** Look around without counting. */
  async aside(looking: () => Promise<void>): Promise<void> {
    const before = this.actions;
    await looking();
    this.actions = before;
  }

  tab(name: string): Locator {
    return this.page.locator('#jp-main-dock-panel .lm-TabBar-tab', { hasText: name });
  }

  tile(name: string): Locator {
    return this.page.locator('.jp-LauncherCard').filter({ hasText: new RegExp(`^${name}$`) });
  }

  /** An entry of the file browser. */
  file(name: string): Locator {
    return this.page.locator('#filebrowser .jp-DirListing-item').filter({ hasText: name });
  }

  /** The canvas that is shown. */
  get canvas(): Canvas {
    return new Canvas(this, this.page.locator('.jp-Document:not(.lm-mod-hidden) .nby-CanvasPanel'));
  }

  /** Open a workflow, and zoom out until all its cards are drawn; or as a user first sees it. */
  async openWorkflow(name: string, { whole = true } = {}): Promise<Canvas> {
    await this.openFile(name);
    await expect(this.canvas.stage).toBeVisible();
    if (whole) {
      // before the canvas is drawn, the command does nothing
      const empty = this.canvas.root.locator('.nby-Empty');
      await expect(this.canvas.cards.or(empty).first()).toBeVisible();
      await this.execute('nbyard:fit-workflow');
    }
    return this.canvas;
  }

  /** Run a command from JupyterLab's palette, which closes when focus moves at the start: 2 keys. */
  async runFromPalette(text: string): Promise<void> {
    const before = this.actions;
    const palette = this.page.locator('#modal-command-palette');
    await expect(async () => {
      if (!(await palette.isVisible())) {
        await this.press('Control+Shift+c');
      }
      await palette.locator('input').fill(text, { timeout: 2000 });
      const active = palette.locator('.lm-CommandPalette-item.lm-mod-active');
      await expect(active).toContainText(text, { timeout: 2000 });
    }).toPass({ timeout: 20_000 });
    await this.page.keyboard.press('Enter');
    this.actions = before + 2;
  }

  /** Show the files that others wrote; by itself the file browser looks every ten seconds. */
  async refreshFiles(): Promise<void> {
    await this.execute('filebrowser:refresh');
  }

  async openFile(name: string): Promise<void> {
    await this.refreshFiles();
    await this.file(name).dblclick();
    await expect(this.tab(name)).toHaveClass(/jp-mod-current/);
  }

  /** Run a command that has no other way to it in this journey. */
  async execute(command: string, args = {}): Promise<void> {
    await this.page.evaluate(
      async ([id, given]) => {
        await (window as never as { jupyterapp: IApp }).jupyterapp.commands.execute(id, given);
      },
      [command, args] as const
    );
  }

  /** The sidebar of nbyard, as it opens. */
  async sidebar(): Promise<Locator> {
    const panel = this.page.locator('#nbyard-sidebar');
    if (!(await panel.isVisible())) {
      await this.click(this.page.locator('.jp-SideBar .lm-TabBar-tab[data-id="nbyard-sidebar"]'));
    }
    await expect(panel.locator('.nby-SideSection').last()).toBeVisible();
    return panel;
  }

  /** The sidebar of nbyard with all its sections open. */
  async panel(): Promise<Locator> {
    const panel = await this.sidebar();
    const closed = panel.locator('.nby-SideSection-head [aria-expanded="false"]');
    while (await closed.count()) {
      await closed.first().click();
    }
    return panel;
  }

  /** The section of a noun in the sidebar. */
  section(noun: Noun): Locator {
    return this.page.locator(`#nbyard-sidebar .nby-SideSection[data-noun="${noun}"]`);
  }

  /** A row of the sidebar. */
  row(noun: Noun, name: string): Locator {
    const rows = this.page.locator(`#nbyard-sidebar .nby-Row[data-noun="${noun}"]`);
    return rows.filter({
      has: this.page.locator('.nby-Row-name').filter({ hasText: exactly(name) })
    });
  }

  /** Drop a file of the person's own computer on a section of the sidebar. */
  async dropFile(name: string, content: Buffer, noun: Noun = 'dataset'): Promise<void> {
    this.actions++;
    const dataTransfer = await this.page.evaluateHandle(
      ([filename, base64]) => {
        const bytes = Uint8Array.from(atob(base64), letter => letter.charCodeAt(0));
        const transfer = new DataTransfer();
        transfer.items.add(new File([bytes], filename));
        return transfer;
      },
      [name, content.toString('base64')] as const
    );
    const section = this.section(noun);
    for (const event of ['dragenter', 'dragover', 'drop']) {
      await section.dispatchEvent(event, { dataTransfer });
    }
  }

  /** The file browser in the sidebar. */
  async fileBrowser(): Promise<void> {
    if (!(await this.page.locator('#filebrowser').isVisible())) {
      await this.click(this.page.locator('.jp-SideBar .lm-TabBar-tab[data-id="filebrowser"]'));
    }
  }

  async closeTab(name: string): Promise<void> {
    await this.tab(name).locator('.lm-TabBar-tabCloseIcon').click();
    await expect(this.tab(name)).toHaveCount(0);
  }

  /** An item of a menu of the menu bar. */
  async mainMenu(menu: string, item: string): Promise<void> {
    await this.click(this.page.locator('#jp-MainMenu .lm-MenuBar-item', { hasText: menu }));
    await this.click(this.menuItem(item));
  }

  /** A button at the head of a section of the sidebar. */
  panelButton(command: string): Locator {
    return this.page.locator(
      `#nbyard-sidebar .nby-SideSection-head [data-command="nbyard:${command}"]`
    );
  }

  /** Choose files of the person's own computer where a click asks for them. */
  async choose(asking: Locator, ...files: { name: string; content: Buffer }[]): Promise<void> {
    const asked = this.page.waitForEvent('filechooser');
    await this.click(asking);
    const mimeType = 'application/octet-stream';
    await (
      await asked
    ).setFiles(files.map(({ name, content }) => ({ name, mimeType, buffer: content })));
  }

  /** Files that are being sent. */
  sending(name: string): Locator {
    return this.page.locator('#nbyard-sidebar .nby-Sending').filter({ hasText: name });
  }

  menuItem(name: string | RegExp): Locator {
    return this.page.locator('.lm-Menu-item').filter({ hasText: name });
  }

  get dialog(): Locator {
    return this.page.locator('.jp-Dialog');
  }

  async theme(name: string): Promise<void> {
    await this.execute('apputils:change-theme', { theme: name });
    const kind = name.includes('Dark') ? 'false' : 'true';
    await expect(this.page.locator('body')).toHaveAttribute('data-jp-theme-light', kind);
    await expect(this.page.locator('body')).toHaveAttribute('data-jp-theme-name', name);
  }
}

type Noun =
  | 'artifact'
  | 'automation'
  | 'credential'
  | 'dataset'
  | 'deployment'
  | 'environment'
  | 'executable'
  | 'workflow'
  | 'run';

interface IApp {
  restored: Promise<void>;
  commands: { execute: (id: string, args: object) => Promise<unknown> };
}

export interface IPoint {
  x: number;
  y: number;
}

export async function pointOf(place: IPoint | Locator): Promise<IPoint> {
  if ('x' in place) {
    return place;
  }
  await place.scrollIntoViewIfNeeded();
  const element = await place.elementHandle();
  await element!.waitForElementState('stable'); // a busy machine lays out cards late
  const box = (await place.boundingBox())!;
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}
