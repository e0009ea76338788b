/** The views of single items in the main area. */
import { MainAreaWidget } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { LabIcon, ReactWidget } from '@jupyterlab/ui-components';
import { UUID } from '@lumino/coreutils';
import { ISignal, Signal } from '@lumino/signaling';
import { artifactIcon, datasetIcon, deploymentIcon, libraryIcon, otherIcon } from '../icons/items';
import ArtifactView from './artifacts/ArtifactView';
import { artifactsOf } from './artifacts/collection';
import DatasetView from './datasets/DatasetView';
import { deploymentsOf } from './deployments/state/collection';
import DeploymentView from './deployments/DeploymentView';
import EnvironmentView from './environments/EnvironmentView';
import ExecutableView from './executables/ExecutableView';
import {
  IArtifactTarget,
  IDeploymentTarget,
  IExecutableTarget,
  IPanelServices,
  ITarget
} from './frame/services';

/** The content of such a view; another target redraws it. */
class ThingPanel<T extends ITarget> extends ReactWidget {
  constructor(
    private _target: T,
    private readonly draw: (panel: ThingPanel<T>) => JSX.Element
  ) {
    super();
    this.addClass('nby-Panel');
  }

  get target(): T {
    return this._target;
  }

  set target(target: T) {
    this._target = target;
    this._targetChanged.emit();
    this.update();
  }

  get targetChanged(): ISignal<this, void> {
    return this._targetChanged;
  }

  protected render(): JSX.Element {
    return this.draw(this);
  }

  private _targetChanged = new Signal<this, void>(this);
}

/** A source for the names of items. */
interface INames {
  readonly changed: ISignal<unknown, void>;
  find(id: string): { name: string; title?: string } | undefined;
}

interface IThing<T extends ITarget> {
  noun: keyof IPanelServices['views'];
  icon: LabIcon;
  /** The title until the name is known. */
  label: string;
  collection: INames;
  draw: (panel: ThingPanel<T>) => JSX.Element;
  /** What identifies a target besides the id. */
  key?: (target: T) => string | undefined;
}

/** Open the view of an item, or bring it to the front. */
function show<T extends ITarget>(services: IPanelServices, target: T, thing: IThing<T>): void {
  const { app, views } = services;
  const tracker = views[thing.noun];
  const isSame = (other: ITarget) =>
    (target.id !== undefined && target.id === other.id) ||
    (!!thing.key?.(target) && thing.key(target) === thing.key(other as T));
  let view = tracker.find(({ content }) => isSame(content.target));
  if (!view) {
    view = made(services, target, thing);
    void tracker.add(view);
    app.shell.add(view, 'main');
  } else if (target.tab) {
    view.content.target = target;
  }
  app.shell.activateById(view.id);
}

function made<T extends ITarget>(
  { app, views }: IPanelServices,
  target: T,
  thing: IThing<T>
): MainAreaWidget<ThingPanel<T>> {
  const { noun, icon, label, collection, draw } = thing;
  const content = new ThingPanel(target, draw);
  const view = new MainAreaWidget({ content });
  view.id = `nbyard-${noun}-${target.id ?? UUID.uuid4()}`; // a form becomes a view of the new item
  view.toolbar.hide();
  view.title.icon = icon;
  view.title.label = label;
  view.title.closable = true;
  const name = () => {
    const found = collection.find(content.target.id ?? '');
    view.title.label = found?.title ?? found?.name ?? view.title.label;
  };
  name();
  collection.changed.connect(name);
  content.targetChanged.connect(() => {
    const { target: now } = content;
    const other = views[noun].find(
      each => each.id !== view.id && now.id !== undefined && each.content.target.id === now.id
    );
    if (other) {
      view.dispose(); // the view is open already
      other.content.target = now;
      app.shell.activateById(other.id);
      return;
    }
    name();
    void views[noun].save(view);
  });
  view.disposed.connect(() => void collection.changed.disconnect(name));
  return view;
}

export function openArtifact(services: IPanelServices, target: IArtifactTarget): void {
  const { yard, trans } = services;
  show<IArtifactTarget>(services, target, {
    noun: 'artifact',
    icon: artifactIcon,
    label: target.id === undefined ? trans.__('New artifact') : trans.__('Artifact'),
    collection: artifactsOf(yard),
    key: ({ id, of }) => (id === undefined ? `new ${of ?? ''}` : undefined),
    draw: panel => (
      <ArtifactView
        services={services}
        target={panel.target}
        onMade={id => (panel.target = { id, isNew: true })}
      />
    )
  });
}

export function openDataset(services: IPanelServices, id: string): void {
  show(services, { id } as ITarget, {
    noun: 'dataset',
    icon: datasetIcon,
    label: services.trans.__('Dataset'),
    collection: services.yard.datasets,
    draw: () => <DatasetView services={services} id={id} />
  });
}

export function openDeployment(services: IPanelServices, target: IDeploymentTarget): void {
  const { yard, trans } = services;
  show<IDeploymentTarget>(services, target, {
    noun: 'deployment',
    icon: deploymentIcon,
    label: target.id === undefined ? trans.__('New deployment') : trans.__('Deployment'),
    collection: deploymentsOf(yard),
    key: ({ id, image, model }) =>
      id === undefined ? `new ${image ?? JSON.stringify(model ?? '')}` : undefined,
    draw: panel => (
      <DeploymentView
        services={services}
        target={panel.target}
        onMade={(id, tab) => (panel.target = { id, tab, isNew: true })}
      />
    )
  });
}

/** Open an environment. `tab` is the first tab; "add" is the field for packages. */
export function openEnvironment(services: IPanelServices, id: string, tab?: string): void {
  show(services, { id, tab } as ITarget, {
    noun: 'environment',
    icon: libraryIcon,
    label: services.trans.__('Library'),
    collection: services.yard.environments,
    draw: ({ target }) => <EnvironmentView services={services} id={id} target={target} />
  });
}

export function openExecutable(services: IPanelServices, target: IExecutableTarget): void {
  const { yard, trans } = services;
  show<IExecutableTarget>(services, target, {
    noun: 'executable',
    icon: otherIcon,
    label: PathExt.basename(target.path ?? '') || trans.__('Executable'),
    collection: yard.executables,
    key: ({ path, upload }) => path ?? upload,
    draw: panel => (
      <ExecutableView
        services={services}
        target={panel.target}
        onRegistered={({ id }) => (panel.target = { id, isNew: true })}
      />
    )
  });
}
