/** The menu beside the Run button, with all ways to run. */
import { MenuSvg } from '@jupyterlab/ui-components';
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

/** Entries explain themselves in a sentence while the pointer is on them. */
class Explained extends MenuSvg.Renderer {
  override renderItem(data: Menu.IRenderData): ReturnType<MenuSvg.Renderer['renderItem']> {
    const item = super.renderItem(data);
    Object.assign(item.attrs, { title: data.item.caption });
    return item;
  }
}

export function showRunMenu({ commands, front }: CanvasController): void {
  const menu = new MenuSvg({ commands, renderer: new Explained() });
  WAYS.forEach(command => menu.addItem(command ? { command } : { type: 'separator' }));
  menu.aboutToClose.connect(() => window.setTimeout(() => menu.dispose()));
  const tab = front?.closest('.jp-Document');
  const at = tab?.querySelector('[data-command="nbyard:show-run-menu"]')?.getBoundingClientRect();
  menu.open(at?.left ?? 0, at?.bottom ?? 0);
}
