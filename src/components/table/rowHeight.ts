/** The height of a row, in units of the font size. */
const LINES = 24 / 13;
/** JupyterLab's own font size, for pages without its theme. */
const USUAL = 13;

/** Return the height of a row in pixels: it follows the font size of JupyterLab's interface. */
export function rowHeight(): number {
  const style = getComputedStyle(document.documentElement);
  const size = parseFloat(style.getPropertyValue('--jp-ui-font-size1'));
  return Math.round((size || USUAL) * LINES);
}
