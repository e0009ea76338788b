import { expect, Locator } from '@playwright/test';
import { IPoint, Lab } from './lab';

/** A workflow tab. */
export class Canvas {
  constructor(
    private readonly lab: Lab,
    readonly root: Locator
  ) {}

  get stage(): Locator {
    return this.root.locator('.nby-Canvas-stage');
  }

  get cards(): Locator {
    return this.root.locator('.react-flow__node');
  }

  get arrows(): Locator {
    return this.root.locator('.react-flow__edge');
  }

  get inspector(): Locator {
    return this.root.getByRole('region', { name: 'Inspector' });
  }

  get palette(): Locator {
    return this.root.getByRole('region', { name: 'Datasets and executables' });
  }

  /** The words under the picture: problems, and the last thing said. */
  get strip(): Locator {
    return this.root.locator('.nby-Strip');
  }

  get notice(): Locator {
    return this.strip.getByRole('status');
  }

  /** What is said beside the pointer while an arrow is drawn. */
  get hint(): Locator {
    return this.root.locator('.nby-Hint');
  }

  get picker(): Locator {
    return this.root.locator('.nby-Picker');
  }

  card(title: string): Locator {
    const named = this.root
      .page()
      .locator('.nby-Node-title')
      .filter({ hasText: exactly(title) });
    return this.cards.filter({ has: named });
  }

  input(title: string, name: string): Locator {
    return this.card(title).locator(`.react-flow__handle.target[data-handleid="${name}"]`);
  }

  output(title: string, name: string): Locator {
    return this.card(title).locator(`.react-flow__handle.source[data-handleid="${name}"]`);
  }

  /** The state of a card in words. */
  state(title: string): Locator {
    return this.card(title).locator('.nby-Node-run');
  }

  /** The same for a node of the document, by its id. */
  stateOf(node: string): Locator {
    return this.root.locator(`.react-flow__node[data-id="${node}"] .nby-Node-run`);
  }

  /** A place on the picture, in parts of its width and height. */
  async at(x: number, y: number): Promise<IPoint> {
    const box = (await this.stage.boundingBox())!;
    return { x: box.x + x * box.width, y: box.y + y * box.height };
  }

  button(command: string): Locator {
    return this.root
      .page()
      .locator(`.jp-Document:not(.lm-mod-hidden) jp-button[data-command="nbyard:${command}"]`);
  }

  /** Draw an arrow from port to port, and see it. */
  async connect(from: [string, string], to: [string, string]): Promise<void> {
    const before = await this.arrows.count();
    await this.lab.drag(this.output(...from), this.input(...to));
    await expect(this.arrows).toHaveCount(before + 1);
  }

  async save(): Promise<void> {
    await this.stage.focus();
    await this.lab.press('Control+s');
    await this.saved();
  }

  /** Nothing is unsaved. */
  async saved(): Promise<void> {
    await expect(
      this.lab.page.locator('#jp-main-dock-panel .lm-TabBar-tab.jp-mod-current.jp-mod-dirty')
    ).toHaveCount(0);
  }
}

export function exactly(text: string): RegExp {
  return new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`);
}
