/** Failures of automatic runs that no page has announced yet, also those while all were closed. */
import { IStateDB } from '@jupyterlab/statedb';
import { Run } from '../api/types';

const KEY = 'nbyard:announced-failures';
/** In milliseconds. */
const DAY = 86_400_000;

/** Remembers up to which time failures of schedules and triggers were announced. */
export class AutomaticFailures {
  constructor(private readonly state: IStateDB | null) {}

  /** Read the time. On the first visit, the failures of the last day are new. */
  async load(): Promise<void> {
    const known = await this.state?.fetch(KEY);
    this._last = typeof known === 'number' ? known : Date.now() - DAY;
  }

  /** Return the failures since the last call. */
  take(runs: readonly Run[]): readonly Run[] {
    const fresh = runs.filter(run => endOf(run) > this._last);
    if (fresh.length) {
      this._last = Math.max(...fresh.map(endOf));
      void this.state?.save(KEY, this._last);
    }
    return fresh;
  }

  private _last = Infinity;
}

/** Return when an automatic run failed; 0 for all other runs. */
function endOf({ state, origin, finished_at }: Run): number {
  return state === 'failed' && origin?.source_id && finished_at ? Date.parse(finished_at) : 0;
}
