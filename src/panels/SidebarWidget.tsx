import { ReactWidget } from '@jupyterlab/ui-components';
import { Message } from '@lumino/messaging';
import { lazy, Suspense } from 'react';
import { yardIcon } from '../icons/startup';
import { IPanelServices } from './frame/services';

const Sidebar = lazy(async () => ({ default: (await import('./lazy')).Sidebar }));

/** The sidebar; it loads nothing before it is first visible. */
export class SidebarWidget extends ReactWidget {
  constructor(private readonly services: IPanelServices) {
    super();
    const { trans } = services;
    this.id = 'nbyard-sidebar';
    this.addClass('nby-Sidebar');
    this.title.icon = yardIcon;
    this.title.caption = trans.__(
      'nbyard: runs, datasets, workflows, deployments, executables, environments, artifacts, credentials'
    );
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('nbyard'));
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.update();
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this.update();
  }

  protected override onUpdateRequest(message: Message): void {
    if (this.isVisible && !this._seen) {
      this._seen = true;
      // While the code loads. Runs are there already.
      void this.services.yard.datasets.start();
    }
    super.onUpdateRequest(message);
  }

  protected render(): JSX.Element | null {
    return this._seen ? (
      <Suspense fallback={null}>
        <Sidebar services={this.services} isVisible={this.isVisible} />
      </Suspense>
    ) : null;
  }

  private _seen = false;
}
