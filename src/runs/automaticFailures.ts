/** Failures of automatic runs that no page has announced yet, also those while all were closed. */
import { IYard } from '../api/yard';
import { Run } from '../api/types';

/** In milliseconds. */
const DAY = 86_400_000;
/** By how much the clocks of browser and server may differ. */
const MARGIN = 600_000;
/** A run that was submitted earlier than this before the last look is not found. */
const LONGEST = 7 * DAY;
const LIMIT = 100;
const PAGES = 5;

/** What pages remember: the time of the last look, and the runs announced shortly before it. */
interface IAnnounced {
  readonly at: number;
  readonly runs: readonly string[];
}

/** Remembers which failures of automations all pages of a user have announced. */
export class AutomaticFailures {
  constructor(
    private readonly yard: IYard,
    user: string
  ) {
    this._key = `nbyard:announced-failures:${yard.client.settings.baseUrl}:${user}`;
    if (!this._read()) {
      this._write({ at: Date.now() - DAY, runs: [] }); // failures of the last day are new
    }
  }

  /**
   * Show the failures since the last look of any page, newest first, of all projects. `prepare`
   * gets them and returns what shows those that no other page has shown meanwhile. Then they are
   * recorded, so that a page that is closed before leaves them to the next one.
   */
  async show(
    prepare: (runs: readonly Run[]) => Promise<(runs: readonly Run[]) => void>
  ): Promise<void> {
    const now = Date.now();
    const begin = this._known().at - MARGIN;
    const failed = (await this._failedSince(begin - LONGEST)).filter(run => endOf(run) > begin);
    const fresh = () => {
      const { at, runs } = this._known();
      return failed.filter(run => endOf(run) > at - MARGIN && !runs.includes(run.id));
    };
    const show = await prepare(fresh());
    show(fresh());
    const { at, runs } = this._known();
    const next = Math.max(at, now);
    const kept = failed.filter(run => endOf(run) > next - MARGIN).map(({ id }) => id);
    const others = runs.filter(id => !kept.includes(id)).slice(-LIMIT);
    this._write({ at: next, runs: [...others, ...kept] });
  }

  private async _failedSince(begin: number): Promise<Run[]> {
    const since = new Date(begin).toISOString();
    const runs: Run[] = [];
    let after = '';
    for (let page = 0; page < PAGES; page++) {
      const query = { state: 'failed', since, project: '', limit: LIMIT, after };
      const { items, next } = await this.yard.client.call('runs.list', { query });
      runs.push(...items);
      if (!next) {
        break;
      }
      after = next;
    }
    return runs;
  }

  private _known(): IAnnounced {
    return this._read() ?? this._last;
  }

  private _read(): IAnnounced | undefined {
    try {
      const stored = JSON.parse(localStorage.getItem(this._key) ?? 'null') as IAnnounced | null;
      return typeof stored?.at === 'number' && Array.isArray(stored.runs) ? stored : undefined;
    } catch {
      return undefined; // storage is blocked, or its text is not ours
    }
  }

  private _write(announced: IAnnounced): void {
    this._last = announced;
    try {
      localStorage.setItem(this._key, JSON.stringify(announced));
    } catch {
      // storage is blocked or full: this page still announces each failure once
    }
  }

  private readonly _key: string;
  private _last: IAnnounced = { at: 0, runs: [] };
}

/** Return whether an automation started a run. */
export function isAutomatic({ origin }: Run): boolean {
  return !!origin?.source_id;
}

/** Return when an automatic run ended; 0 for all other runs. */
function endOf(run: Run): number {
  return isAutomatic(run) && run.finished_at ? Date.parse(run.finished_at) : 0;
}
