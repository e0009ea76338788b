import { ReactWidget } from '@jupyterlab/ui-components';
import { Message } from '@lumino/messaging';
import { ISignal, Signal } from '@lumino/signaling';
import { lazy, Suspense } from 'react';
import type * as Lazy from './lazy';
import { IExecutableTarget, IPanelServices } from './services';

type SectionName = 'DatasetSection' | 'ExecutableSection' | 'WorkflowSection' | 'RunSection';

const section = (name: SectionName) =>
  lazy(async () => ({ default: ((await import('./lazy')) as typeof Lazy)[name] }));
const SECTIONS = {
  DatasetSection: section('DatasetSection'),
  ExecutableSection: section('ExecutableSection'),
  WorkflowSection: section('WorkflowSection'),
  RunSection: section('RunSection')
};
const DatasetView = lazy(async () => ({ default: (await import('./lazy')).DatasetView }));
const ExecutableView = lazy(async () => ({ default: (await import('./lazy')).ExecutableView }));

/** A section of the sidebar; nothing is fetched before it is first seen. */
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

export class DatasetPanel extends ReactWidget {
  constructor(
    private readonly services: IPanelServices,
    readonly target: string
  ) {
    super();
    this.addClass('nby-Panel');
  }

  protected render(): JSX.Element {
    return (
      <Suspense fallback={null}>
        <DatasetView services={this.services} id={this.target} />
      </Suspense>
    );
  }
}

export class ExecutablePanel extends ReactWidget {
  constructor(
    private readonly services: IPanelServices,
    private _target: IExecutableTarget
  ) {
    super();
    this.addClass('nby-Panel');
  }

  get target(): IExecutableTarget {
    return this._target;
  }

  set target(target: IExecutableTarget) {
    this._target = target;
    this._targetChanged.emit();
    this.update();
  }

  get targetChanged(): ISignal<this, void> {
    return this._targetChanged;
  }

  protected render(): JSX.Element {
    return (
      <Suspense fallback={null}>
        <ExecutableView
          services={this.services}
          target={this._target}
          onRegistered={({ id }) => (this.target = { id, isNew: true })}
        />
      </Suspense>
    );
  }

  private _targetChanged = new Signal<this, void>(this);
}
