/** Icons of items and states, fetched with the code that first shows them. */
import { fileIcon, folderIcon, LabIcon } from '@jupyterlab/ui-components';
import { draw, line, notebookIcon, runningIcon, workflowIcon } from './startup';

export const datasetIcon = draw('dataset', line('M2 3h12v10H2zM2 6.5h12M2 9.8h12M6 3v10'));
export const commandIcon = draw('command', line('M2 3h12v10H2zM4.5 6l2 2-2 2M8 10.5h3'));
const functionIcon = draw(
  'function',
  line('M2 3h12v10H2zM10 5.2c-1.6-.4-2.2.4-2.4 1.8l-.7 3.6M6 7.8h3.2')
);
const modelIcon = draw(
  'model',
  line(
    'M3.5 2.5a1 1 0 1 0 .01 0M3.5 11.5a1 1 0 1 0 .01 0M12.5 7a1 1 0 1 0 .01 0M4.8 4l6.6 3.4M4.8 12l6.6-3.4'
  )
);
const containerIcon = draw(
  'container',
  line('M1.5 4h13v8.5h-13zM4.5 6.5v3.5M8 6.5v3.5M11.5 6.5v3.5')
);
export const otherIcon = draw('executable', line('M8 2l5 3v6l-5 3-5-3V5zM3 5l5 3 5-3M8 8v6'));
export const environmentIcon = draw(
  'environment',
  line('M3 2.5v11M6.5 2.5v11M9.5 3.5l3.5 10M1.5 13.5h13')
);
export const credentialIcon = draw(
  'credential',
  line('M5.5 7.5a3 3 0 1 0 .01 0M7.6 8.4L13.5 2.5M10.5 5.5l2 2')
);
export const artifactIcon = draw(
  'artifact',
  line('M2.5 5.5L8 2.5l5.5 3v5L8 13.5l-5.5-3zM5 9l2 2 4-5')
);
export const triggerIcon = draw('trigger', line('M8.5 1.5L4 9h4l-.5 5.5L12 7H8z'));
export const deploymentIcon = draw(
  'deployment',
  line('M2 3h12v4H2zM2 9h12v4H2zM4.5 5h.1M4.5 11h.1M8 5h3.5M8 11h3.5')
);

export const STATE_ICONS = {
  waiting: draw('waiting', line('M8 2a6 6 0 1 0 .01 0')),
  queued: draw('queued', line('M8 2a6 6 0 1 0 .01 0M8 4.5V8l2.5 1.5')),
  preparing: draw('preparing', line('M8 2a6 6 0 1 0 6 6M8 5v3')),
  running: runningIcon,
  succeeded: draw('succeeded', line('M3 8.5l3.5 3.5L13 4.5')),
  cached: draw('cached', line('M8.5 1.5L4 9h4l-.5 5.5L12 7H8z')),
  failed: draw('failed', line('M4 4l8 8M12 4l-8 8')),
  cancelled: draw('cancelled', line('M8 2a6 6 0 1 0 .01 0M4 4l8 8')),
  skipped: draw('skipped', line('M3 4l5 4-5 4zM9 4l5 4-5 4z'))
};

/** Why a node does not run. */
export const OFF_ICONS = {
  muted: draw('muted', line('M8 2a6 6 0 1 0 .01 0M3.8 3.8l8.4 8.4')),
  bypassed: draw('bypassed', line('M1.5 11C3 4.5 11 3 13.5 9M14.5 4.5L13.7 9.2 9.5 7.5M6 12h3.5')),
  idle: draw('idle', line('M3 8h10'))
};

/** Return the icon of a kind of node or of data. */
export function kindIcon(kind: string): LabIcon {
  switch (kind) {
    case 'dataset':
    case 'table':
    case 'any':
      return datasetIcon;
    case 'notebook':
      return notebookIcon;
    case 'command':
      return commandIcon;
    case 'function':
      return functionIcon;
    case 'model':
      return modelIcon;
    case 'container':
      return containerIcon;
    case 'workflow':
      return workflowIcon;
    case 'folder':
      return folderIcon;
    case 'file':
      return fileIcon;
    default:
      return otherIcon;
  }
}

/** Return the icon of the state of a run or of a task. */
export function stateIcon(state: string): LabIcon {
  return STATE_ICONS[state as keyof typeof STATE_ICONS] ?? STATE_ICONS.waiting;
}
