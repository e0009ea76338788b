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

  /** A row of the drawer of this canvas; a file comes before the dataset that was made from it. */
  row(name: string): Locator {
    return this.palette.getByRole('button', { name }).first();
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

  /** The arrow between two cards. */
  arrow(from: string, to: string): Locator {
    const ends = `[aria-label^="${stem(from)}"][aria-label*=" → ${stem(to)}"]`;
    return this.root.locator(`.react-flow__edge${ends} .react-flow__edge-interaction`);
  }

  /**
   * Click an arrow in its middle; a level one has no height, so it counts as invisible. A click that
   * misses it, because the view has just moved, is repeated.
   */
  async clickArrow(from: string, to: string): Promise<void> {
    const arrow = this.arrow(from, to);
    await expect(async () => {
      const { x, y, width, height } = await arrow.evaluate(one => one.getBoundingClientRect());
      await this.root.page().mouse.click(x + width / 2, y + height / 2);
      await expect(arrow.locator('xpath=ancestor::*[@aria-label][1]')).toHaveClass(/selected/, {
        timeout: 2000
      });
    }).toPass({ timeout: 40_000 });
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

  /** What a node produced, on its card. */
  preview(title: string): Locator {
    return this.card(title).locator('.nby-Node-preview');
  }

  /** The height of the smallest text on the cards, as it is on the screen. */
  async smallestText(): Promise<number> {
    return this.root.locator('.react-flow__viewport').evaluate(view => {
      const zoom = new DOMMatrix(getComputedStyle(view).transform).a;
      const sizes: number[] = [];
      const texts = document.createTreeWalker(view, NodeFilter.SHOW_TEXT);
      while (texts.nextNode()) {
        const element = texts.currentNode.parentElement!;
        if (texts.currentNode.textContent!.trim() && element.getClientRects().length) {
          sizes.push(parseFloat(getComputedStyle(element).fontSize) * zoom);
        }
      }
      return Math.round(100 * Math.min(...sizes)) / 100;
    });
  }

  /** A place on the picture, in parts of its width and height. */
  async at(x: number, y: number): Promise<IPoint> {
    const box = (await this.stage.boundingBox())!;
    return { x: box.x + x * box.width, y: box.y + y * box.height };
  }

  /** A button of the toolbar that can be pressed; Playwright does not see that one cannot. */
  button(command: string): Locator {
    const enabled = `[data-command="nbyard:${command}"]:not([aria-disabled="true"])`;
    return this.root.page().locator(`.jp-Document:not(.lm-mod-hidden) jp-button${enabled}`);
  }

  /** Draw an arrow from port to port, and see it. */
  async connect(from: [string, string], to: [string, string]): Promise<void> {
    const before = await this.arrows.count();
    await this.lab.drag(this.output(...from), this.input(...to));
    await expect(this.arrows).toHaveCount(before + 1);
  }

  /** Take a card away, with its arrows. */
  async remove(title: string): Promise<void> {
    await this.card(title).click();
    await this.lab.press('Delete');
    await expect(this.card(title)).toHaveCount(0);
  }

  /**
   * By its command: a render right after a key may take the focus, and Ctrl+S is lost. JupyterLab
   * ignores both while it writes the checkpoint of an earlier save.
   */
  async save(): Promise<void> {
    await expect(async () => {
      await this.stage.focus();
      await this.lab.execute('docmanager:save');
      await this.saved(2000);
    }).toPass();
  }

  /** All cards lie in view, and none over another. */
  async isTidy(): Promise<void> {
    await expect(async () => {
      const view = (await this.stage.boundingBox())!;
      const boxes = await Promise.all((await this.cards.all()).map(card => card.boundingBox()));
      for (const [index, box] of boxes.entries()) {
        expect(box!.x).toBeGreaterThanOrEqual(view.x);
        expect(box!.y).toBeGreaterThanOrEqual(view.y);
        expect(box!.x + box!.width).toBeLessThanOrEqual(view.x + view.width);
        expect(box!.y + box!.height).toBeLessThanOrEqual(view.y + view.height);
        expect(boxes.slice(index + 1).filter(other => overlap(box!, other!))).toEqual([]);
      }
    }).toPass({ timeout: 40_000 });
  }

  /** The connections that run behind a card for more than a few pixels. */
  async covered(): Promise<string[]> {
    return this.root.locator('.react-flow__edge').evaluateAll(edges => {
      const inner = (card: Element) => {
        const { left, right, top, bottom } = card.getBoundingClientRect();
        return [left + 4, right - 4, top + 4, bottom - 4];
      };
      const cards = Array.from(document.querySelectorAll('.react-flow__node-card'), inner);
      return edges
        .filter(edge => {
          const path = edge.querySelector<SVGPathElement>('.react-flow__edge-path')!;
          const [length, matrix] = [path.getTotalLength(), path.getScreenCTM()!];
          return Array.from({ length: 60 }, (_, step) =>
            path.getPointAtLength((length * step) / 60).matrixTransform(matrix)
          ).some(({ x, y }) => cards.some(([l, r, t, b]) => x > l && x < r && y > t && y < b));
        })
        .map(edge => edge.getAttribute('aria-label') ?? '');
    });
  }

  /** Nothing is unsaved. */
  async saved(timeout?: number): Promise<void> {
    await expect(
      this.lab.page.locator('#jp-main-dock-panel .lm-TabBar-tab.jp-mod-current.jp-mod-dirty')
    ).toHaveCount(0, { timeout });
  }
}

type Box = NonNullable<Awaited<ReturnType<Locator['boundingBox']>>>;

function overlap(one: Box, other: Box): boolean {
  return (
    one.x < other.x + other.width &&
    other.x < one.x + one.width &&
    one.y < other.y + other.height &&
    other.y < one.y + one.height
  );
}

/** What the id of a node begins with. */
function stem(title: string): string {
  return title.replace(/\.[^.]*$/, '');
}

export function exactly(text: string): RegExp {
  return new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`);
}
