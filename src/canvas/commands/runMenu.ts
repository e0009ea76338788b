/** The menu beside the Run button, with all ways to run. */
import { Menu } from '@lumino/widgets';
import { CanvasController } from '../model/controller';

const WAYS = [
  'nbyard:run-workflow',
  'nbyard:run-with-parameters',
  'nbyard:run-workflow-anew',
  'nbyard:check-run',
  '',
  'nbyard:run-selected',
  'nbyard:run-from-here',
  'nbyard:run-up-to-here',
  '',
  'nbyard:schedule-file',
  'nbyard:trigger-file'
];

export function showRunMenu({ commands, front }: CanvasController): void {
  const menu = new Menu({ commands });
  WAYS.forEach(command => menu.addItem(command ? { command } : { type: 'separator' }));
  menu.aboutToClose.connect(() => window.setTimeout(() => menu.dispose()));
  const tab = front?.closest('.jp-Document');
  const at = tab?.querySelector('[data-command="nbyard:show-run-menu"]')?.getBoundingClientRect();
  menu.open(at?.left ?? 0, at?.bottom ?? 0);
}
