import { openSections } from './openSections';

const FRAMES = 60;

/** Focus the row of a new item once it is visible, for users of the keyboard. */
export function focusRow(noun: string, id: string): void {
  openSections.set(noun, true);
  look(noun, id, FRAMES);
}

function look(noun: string, id: string, frames: number): void {
  // the row is drawn when the list has loaded, which may take a while
  requestAnimationFrame(() => {
    const row = `#nbyard-sidebar .nby-Row[data-noun="${noun}"][data-id="${CSS.escape(id)}"]`;
    const element = document.querySelector<HTMLElement>(row);
    if (!element && frames) {
      if (frames === FRAMES / 2) {
        const more = `#nbyard-sidebar [data-noun="${noun}"] .nby-RowList-more [aria-expanded="false"]`;
        document.querySelector<HTMLElement>(more)?.click();
      }
      return look(noun, id, frames - 1);
    }
    element?.focus();
  });
}
