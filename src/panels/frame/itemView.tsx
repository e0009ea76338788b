/** The views of single items in the main area. */
import { MainAreaWidget } from '@jupyterlab/apputils';
import { LabIcon, ReactWidget } from '@jupyterlab/ui-components';
import { UUID } from '@lumino/coreutils';
import { ISignal, Signal } from '@lumino/signaling';
import { IPanelServices, ITarget } from './services';

/** The content of such a view; another target redraws it. */
class ItemPanel<T extends ITarget> extends ReactWidget {
  constructor(
    private _target: T,
    private readonly draw: (panel: ItemPanel<T>) => JSX.Element
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

interface IItemView<T extends ITarget> {
  noun: keyof IPanelServices['views'];
  icon: LabIcon;
  /** The title until the name is known. */
  label: string;
  collection: INames;
  draw: (panel: ItemPanel<T>) => JSX.Element;
  /** What identifies a target besides the id. */
  key?: (target: T) => string | undefined;
}

/** Open the view of an item, or bring it to the front. */
export function showItem<T extends ITarget>(
  services: IPanelServices,
  target: T,
  item: IItemView<T>
): void {
  const { app, views } = services;
  const tracker = views[item.noun];
  const isSame = (other: ITarget) =>
    (target.id !== undefined && target.id === other.id) ||
    (!!item.key?.(target) && item.key(target) === item.key(other as T));
  let view = tracker.find(({ content }) => isSame(content.target));
  if (!view) {
    view = created(services, target, item);
    void tracker.add(view);
    app.shell.add(view, 'main');
  } else if (target.tab) {
    view.content.target = target;
  }
  app.shell.activateById(view.id);
}

function created<T extends ITarget>(
  { app, views }: IPanelServices,
  target: T,
  item: IItemView<T>
): MainAreaWidget<ItemPanel<T>> {
  const { noun, icon, label, collection, draw } = item;
  const content = new ItemPanel(target, draw);
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
