import { TranslationBundle } from '@jupyterlab/translation';
import { STATE_ICONS } from '../icons/items';

/** The words of the states; each is translated when it is shown, because rows are many. */
const WORDS: Record<string, (trans: TranslationBundle) => string> = {
  waiting: trans => trans.__('waiting'),
  queued: trans => trans.__('queued'),
  preparing: trans => trans.__('preparing'),
  running: trans => trans.__('running'),
  succeeded: trans => trans.__('succeeded'),
  cached: trans => trans.__('cached'),
  failed: trans => trans.__('failed'),
  cancelled: trans => trans.__('cancelled'),
  skipped: trans => trans.__('skipped'),
  recorded: trans => trans.__('recorded'),
  starting: trans => trans.__('starting'),
  lost: trans => trans.__('lost'),
  importing: trans => trans.__('importing'),
  ready: trans => trans.__('ready'),
  building: trans => trans.__('building'),
  installed: trans => trans.__('installed'),
  gone: trans => trans.__('gone'),
  sleeping: trans => trans.__('sleeping'),
  stopping: trans => trans.__('stopping'),
  stopped: trans => trans.__('stopped'),
  completed: trans => trans.__('completed'),
  down: trans => trans.__('down')
};

/** Return the state as a word; `cached` is a form of success. */
export function stateText(state: string, trans: TranslationBundle): string {
  return WORDS[state]?.(trans) ?? state;
}

const ALIKE: Record<string, keyof typeof STATE_ICONS> = {
  recorded: 'queued',
  starting: 'preparing',
  importing: 'preparing',
  ready: 'succeeded',
  building: 'preparing',
  installed: 'succeeded',
  lost: 'cancelled',
  sleeping: 'waiting',
  stopping: 'preparing',
  stopped: 'cancelled',
  completed: 'succeeded',
  down: 'failed'
};

interface IStateMarkProps {
  state: string;
  cached?: boolean;
  trans: TranslationBundle;
}

/** A state as icon, colour and word. */
export function StateMark({ state, cached, trans }: IStateMarkProps): JSX.Element {
  const shown = state === 'succeeded' && cached ? 'cached' : state;
  const Icon = STATE_ICONS[ALIKE[shown] ?? (shown as keyof typeof STATE_ICONS)];
  const word = stateText(shown, trans);
  return (
    <span className={`nby-StateMark nby-mod-${shown}`}>
      {Icon && <Icon.react tag="span" className="nby-Icon" />}
      <span>{word}</span>
    </span>
  );
}

interface IStateBarProps {
  /** How many things have each state, in the order of the bar. */
  counts: Readonly<Record<string, number>>;
  /** The states of single things, if they are few. */
  tiles?: readonly string[];
  /** The same as a text. */
  label: string;
}

/** The states of several things as tiles, or, of many, as parts of a bar. */
export function StateBar({ counts, tiles, label }: IStateBarProps): JSX.Element {
  const parts = Object.entries(counts).filter(([, count]) => count);
  return (
    <span className="nby-StateBar" role="img" aria-label={label} title={label}>
      {tiles
        ? tiles.map((state, place) => <i key={place} className={`nby-mod-${state}`} />)
        : parts.map(([state, count]) => (
            <i key={state} className={`nby-mod-${state}`} style={{ flexGrow: count }} />
          ))}
    </span>
  );
}
