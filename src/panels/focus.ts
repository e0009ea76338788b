const FRAMES = 60;

/** What an action made takes the focus, where it is seen: so a keyboard goes on from there. */
export function focusRow(noun: string, id: string, frames = FRAMES): void {
  // it is drawn once the list has heard of it, which may take a while
  requestAnimationFrame(() => {
    const row = `#nbyard-sidebar .nby-Row[data-noun="${noun}"][data-id="${CSS.escape(id)}"]`;
    const found = document.querySelector<HTMLElement>(row);
    if (!found && frames) {
      return focusRow(noun, id, frames - 1);
    }
    found?.focus();
  });
}
