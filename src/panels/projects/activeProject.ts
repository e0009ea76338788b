/** The project to which all lists are limited; remembered from page to page. */
import { IStateDB } from '@jupyterlab/statedb';
import { ISignal, Signal } from '@lumino/signaling';
import { perYard } from '../../api/perYard';
import { IYard } from '../../api/yard';
import { artifactsOf } from '../artifacts/collection';
import { automationsOf } from '../automations/collection';
import { credentialsOf } from '../credentials/collection';
import { deploymentsOf } from '../deployments/state/collection';

const KEY = 'nbyard:project';

export class ActiveProject {
  constructor(private readonly yard: IYard) {
    yard.stream.events.connect((_, events) => {
      // a link or its removal may change each list
      if (events.some(({ topic, subject_id }) => topic === 'project' && subject_id === this.id)) {
        this._reload();
      }
    });
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The ID of the project; empty for none. */
  get id(): string {
    return this.yard.client.project;
  }

  /** Restore the choice of an earlier page, and store later ones. */
  async restore(state: IStateDB): Promise<void> {
    this._state = state;
    const stored = await state.fetch(KEY);
    if (typeof stored === 'string' && !this.id) {
      this._set(stored);
    }
  }

  choose(id: string): void {
    if (id !== this.id) {
      this._set(id);
      void this._state?.save(KEY, id);
    }
  }

  private _set(id: string): void {
    this.yard.client.project = id;
    this._changed.emit();
    this._reload();
  }

  private _reload(): void {
    const { yard } = this;
    const { datasets, environments, executables, runs, workflows } = yard;
    const others = [artifactsOf, automationsOf, credentialsOf, deploymentsOf];
    for (const list of [
      datasets,
      environments,
      executables,
      runs,
      workflows,
      ...others.map(of => of(yard))
    ]) {
      if (list.state !== 'idle') {
        void list.reload();
      }
    }
  }

  private _changed = new Signal<this, void>(this);
  private _state?: IStateDB;
}

/** Return the active project of a yard. */
export const activeProjectOf = perYard(yard => new ActiveProject(yard));
