import { ReactWidget } from '@jupyterlab/ui-components';
import { Message } from '@lumino/messaging';
import { lazy, Suspense } from 'react';
import type * as Lazy from './lazy';
import { IPanelServices } from './frame/services';

type SectionName = keyof typeof SECTIONS;

const section = (name: keyof typeof Lazy & `${string}Section`) =>
  lazy(async () => ({ default: ((await import('./lazy')) as typeof Lazy)[name] }));
const SECTIONS = {
  ArtifactSection: section('ArtifactSection'),
  CredentialSection: section('CredentialSection'),
  DatasetSection: section('DatasetSection'),
  DeploymentSection: section('DeploymentSection'),
  EnvironmentSection: section('EnvironmentSection'),
  ExecutableSection: section('ExecutableSection'),
  WorkflowSection: section('WorkflowSection'),
  RunSection: section('RunSection')
};

/** A section of the sidebar; it loads nothing before it is first visible. */
export class SectionBody extends ReactWidget {
  constructor(
    private readonly services: IPanelServices,
    private readonly name: SectionName
  ) {
    super();
    this.addClass('nby-SectionBody');
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._look();
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._look();
  }

  protected render(): JSX.Element {
    const Section = SECTIONS[this.name];
    return this._seen ? (
      <Suspense fallback={null}>
        <Section services={this.services} />
      </Suspense>
    ) : (
      <></>
    );
  }

  private _look(): void {
    if (!this._seen && this.isVisible) {
      this._seen = true;
      this.update();
    }
  }

  private _seen = false;
}
