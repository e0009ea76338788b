import { TranslationBundle } from '@jupyterlab/translation';
import { STATE_ICONS } from '../icons/items';

/** Return the state as a word; `cached` is a form of success. */
export function stateText(state: string, trans: TranslationBundle): string {
  const words: Record<string, string> = {
    waiting: trans.__('waiting'),
    queued: trans.__('queued'),
    preparing: trans.__('preparing'),
    running: trans.__('running'),
    succeeded: trans.__('succeeded'),
    cached: trans.__('cached'),
    failed: trans.__('failed'),
    cancelled: trans.__('cancelled'),
    skipped: trans.__('skipped'),
    recorded: trans.__('recorded'),
    starting: trans.__('starting'),
    lost: trans.__('lost'),
    importing: trans.__('importing'),
    ready: trans.__('ready'),
    building: trans.__('building'),
    installed: trans.__('installed'),
    gone: trans.__('gone'),
    sleeping: trans.__('sleeping'),
    stopping: trans.__('stopping'),
    stopped: trans.__('stopped'),
    completed: trans.__('completed'),
    down: trans.__('down')
  };
  return words[state] ?? state;
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
