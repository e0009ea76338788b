/** What an action made takes the focus, where it is seen: so a keyboard goes on from there. */
export function focusRow(noun: string, id: string): void {
  // it is drawn once the list has heard of it
  requestAnimationFrame(() => {
    const row = `#nbyard-sidebar .nby-Row[data-noun="${noun}"][data-id="${CSS.escape(id)}"]`;
    document.querySelector<HTMLElement>(row)?.focus();
  });
}
