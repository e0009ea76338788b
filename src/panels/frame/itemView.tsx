/** The views of single items in the main area. */
import { MainAreaWidget } from '@jupyterlab/apputils';
import { LabIcon, ReactWidget } from '@jupyterlab/ui-components';
import { UUID } from '@lumino/coreutils';
import { Message } from '@lumino/messaging';
import { ISignal, Signal } from '@lumino/signaling';
import { forget } from '../../components/hooks/sessionMemory';
import { DraftOwner } from '../../components/hooks/useDraft';
import { IPanelServices, ITarget } from './services';

const FIELD = 'form :is(input:not([type]), input[type="text"])';

/** The content of such a view; another target redraws it. */
class ItemPanel<T extends ITarget> extends ReactWidget {
  constructor(
    private _target: T,
    /** The name of the view, which a reload of the page does not change. */
    private readonly view: string,
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
    return <DraftOwner.Provider value={this.view}>{this.draw(this)}</DraftOwner.Provider>;
  }

  /** The next activation goes to the first field: of a form that is open already. */
  goesToField = false;

  protected override onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    const { activeElement } = document;
    const isElsewhere = activeElement === this.node || !this.node.contains(activeElement);
    if (this.goesToField && isElsewhere) {
      this.node.querySelector<HTMLElement>(FIELD)?.focus();
    }
    this.goesToField = false;
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
  // a reload restores all views, also two new ones
  const isSame = (other: ITarget) =>
    !target.view &&
    ((target.id !== undefined && target.id === other.id) ||
      (!!item.key?.(target) && item.key(target) === item.key(other as T)));
  let view = tracker.find(({ content }) => isSame(content.target));
  if (!view) {
    view = created(services, target, item);
    void tracker.add(view);
    app.shell.add(view, 'main');
  } else {
    (view.content as ItemPanel<T>).goesToField = target.id === undefined;
    if (target.tab) {
      view.content.target = target;
    }
  }
  app.shell.activateById(view.id);
}

function created<T extends ITarget>(
  { app, views }: IPanelServices,
  target: T,
  item: IItemView<T>
): MainAreaWidget<ItemPanel<T>> {
  const { noun, icon, label, collection, draw } = item;
  // a form becomes a view of the new item
  const key = target.view ?? `nbyard-${noun}-${target.id ?? UUID.uuid4()}`;
  const content = new ItemPanel(target, key, draw);
  const view = new MainAreaWidget({ content });
  view.id = key;
  view.toolbar.hide();
  view.title.icon = icon;
  view.title.label = label;
  view.title.closable = true;
  const name = () => {
    const shown = collection.find(content.target.id ?? '');
    view.title.label = shown?.title ?? shown?.name ?? view.title.label;
  };
  name();
  collection.changed.connect(name);
  let before = target;
  content.targetChanged.connect(() => {
    const { target: now } = content;
    if (before.id !== now.id) {
      forget(key); // the form was sent
    }
    before = now;
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
  view.disposed.connect(() => {
    collection.changed.disconnect(name);
    forget(key);
  });
  return view;
}
