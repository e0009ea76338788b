import { LabIcon } from '@jupyterlab/ui-components';

const draw = (name: string, body: string): LabIcon =>
  new LabIcon({
    name: `nbyard:${name}`,
    svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 16 16">${body}</svg>`
  });

// The classes let a theme, and a selected row, give the colour.
const shape = (d: string): string =>
  `<path class="jp-icon3 jp-icon-selectable" fill="#616161" d="${d}"/>`;
const line = (d: string): string =>
  `<path class="jp-icon3 jp-icon-selectable" style="fill:none" stroke="#616161" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" d="${d}"/>`;

export const workflowIcon = draw(
  'workflow',
  shape('M1 2h5v4H1zM10 10h5v4h-5z') +
    line('M6 4h2.5a1.5 1.5 0 0 1 1.5 1.5v0M3.5 6v4.5A1.5 1.5 0 0 0 5 12h5')
);
export const datasetIcon = draw('dataset', line('M2 3h12v10H2zM2 6.5h12M2 9.8h12M6 3v10'));
export const notebookIcon = draw(
  'notebook',
  line('M4 2h9v12H4zM2.5 5H5M2.5 8H5M2.5 11H5M7.5 5.5h3')
);
export const commandIcon = draw('command', line('M2 3h12v10H2zM4.5 6l2 2-2 2M8 10.5h3'));
export const otherIcon = draw('executable', line('M8 2l5 3v6l-5 3-5-3V5zM3 5l5 3 5-3M8 8v6'));
export const libraryIcon = draw('library', line('M3 2.5v11M6.5 2.5v11M9.5 3.5l3.5 10M1.5 13.5h13'));
export const paletteIcon = draw('palette', line('M2 3h12v10H2zM6 3v10'));
export const inspectorIcon = draw('inspector', line('M2 3h12v10H2zM10 3v10'));
export const outlineIcon = draw(
  'outline',
  line('M5.5 4H14M5.5 8H14M5.5 12H14M2 4h.5M2 8h.5M2 12h.5')
);
export const tidyIcon = draw(
  'tidy',
  line('M1.5 6h4v4h-4zM10.5 1.5h4v4h-4zM10.5 10.5h4v4h-4zM5.5 8H8M10.5 3.5H8v9h2.5')
);
export const fitIcon = draw('fit', line('M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4'));
export const connectIcon = draw('connect', line('M2 8h9M8 4.5L11.5 8 8 11.5M14 3v10'));
export const automaticIcon = draw(
  'automatic',
  line('M2 11h5M5 8.5L7.5 11 5 13.5M9.5 11H14') +
    shape('M11 1l1 2.5L14.5 4.5 12 5.5 11 8 10 5.5 7.5 4.5 10 3.5z')
);
export const problemIcon = draw('problem', line('M8 2l6.5 12h-13zM8 6.5v3.5M8 12v.2'));

export const runsIcon = draw('runs', line('M2 3.5h7M5 8h8M3 12.5h6'));
export const yardIcon = draw(
  'yard',
  line('M2 14V5.5L8 2l6 3.5V14M5 14V8.5h6V14M2 11h3M11 11h3M8 8.5V14')
);

export const STATE_ICONS = {
  waiting: draw('waiting', line('M8 2a6 6 0 1 0 .01 0')),
  queued: draw('queued', line('M8 2a6 6 0 1 0 .01 0M8 4.5V8l2.5 1.5')),
  preparing: draw('preparing', line('M8 2a6 6 0 1 0 6 6M8 5v3')),
  running: draw('running', shape('M5 3l8 5-8 5z')),
  succeeded: draw('succeeded', line('M3 8.5l3.5 3.5L13 4.5')),
  cached: draw('cached', line('M8.5 1.5L4 9h4l-.5 5.5L12 7H8z')),
  failed: draw('failed', line('M4 4l8 8M12 4l-8 8')),
  cancelled: draw('cancelled', line('M8 2a6 6 0 1 0 .01 0M4 4l8 8')),
  skipped: draw('skipped', line('M3 4l5 4-5 4zM9 4l5 4-5 4z'))
};

export function kindIcon(kind: string): LabIcon {
  switch (kind) {
    case 'dataset':
      return datasetIcon;
    case 'notebook':
      return notebookIcon;
    case 'command':
    case 'function':
      return commandIcon;
    default:
      return otherIcon;
  }
}
