/** The icons that are needed at startup; others load with the code that shows them. */
import { LabIcon } from '@jupyterlab/ui-components';

const GREY = 'jp-icon3';

export const draw = (name: string, body: string): LabIcon =>
  new LabIcon({
    name: `nbyard:${name}`,
    svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 16 16">${body}</svg>`
  });

// The classes let the theme, and a selected row, set the colour.
const shape = (d: string, colour = GREY): string =>
  `<path class="${colour} jp-icon-selectable" fill="#616161" d="${d}"/>`;
export const line = (d: string, colour = GREY): string =>
  `<path class="${colour} jp-icon-selectable" style="fill:none" stroke="#616161" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" d="${d}"/>`;

export const workflowIcon = draw(
  'workflow',
  shape('M1 2h5v4H1zM10 10h5v4h-5z', 'jp-icon-contrast3') +
    line('M6 4h2.5a1.5 1.5 0 0 1 1.5 1.5v0M3.5 6v4.5A1.5 1.5 0 0 0 5 12h5', 'jp-icon-contrast3')
);
export const notebookIcon = draw(
  'notebook',
  line('M4 2h9v12H4zM2.5 5H5M2.5 8H5M2.5 11H5M7.5 5.5h3')
);
export const descriptionIcon = draw(
  'description',
  line('M2 4.5h7M12 4.5h2M10.5 3v3M2 11.5h2M7 11.5h7M5.5 10v3', 'jp-icon-contrast3')
);
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

export const runsIcon = draw('runs', line('M2 3.5h7M5 8h8M3 12.5h6'));
export const yardIcon = draw(
  'yard',
  line('M2 14V5.5L8 2l6 3.5V14M5 14V8.5h6V14M2 11h3M11 11h3M8 8.5V14')
);
export const deployIcon = draw('deploy', line('M8 10V2M5 5l3-3 3 3M2 9v4h12V9'));
export const rocketIcon = draw(
  'rocket',
  line(
    'M8 1.5C10.3 3.2 11.3 5.6 11.3 8.3V11H4.7V8.3C4.7 5.6 5.7 3.2 8 1.5zM4.7 8.2L2.5 10.6V13l2.2-1.2M11.3 8.2l2.2 2.4V13l-2.2-1.2M6.6 13.2v1.3M9.4 13.2v1.3M8 5.3a1.2 1.2 0 1 0 .01 0',
    'jp-icon-contrast2'
  )
);
export const penguinIcon = draw(
  'penguin',
  line(
    'M8 1.5c-2 0-3 1.4-3 3.4 0 1.8-1.8 3.1-1.8 5.7 0 2.4 2 3.9 4.8 3.9s4.8-1.5 4.8-3.9c0-2.6-1.8-3.9-1.8-5.7 0-2-1-3.4-3-3.4zM6.6 4.9h.1M9.3 4.9h.1M7 6.8l1 .9 1-.9M6.2 9.5c-.5 1.6 0 3.2 1.8 3.2s2.3-1.6 1.8-3.2',
    'jp-icon-contrast1'
  )
);
export const backgroundIcon = draw(
  'background',
  line('M4.5 2H13v8.5M2 5h8v8H2z') + shape('M4.6 6.6l3.6 2.4-3.6 2.4z')
);
export const runningIcon = draw('running', shape('M5 3l8 5-8 5z'));
export const problemIcon = draw('problem', line('M8 2l6.5 12h-13zM8 6.5v3.5M8 12v.2'));
export const scheduleIcon = draw(
  'schedule',
  line('M2.5 3.5h11v10h-11zM2.5 6.5h11M5.5 2v3M10.5 2v3M8 8.5v2.5l1.7 1')
);
