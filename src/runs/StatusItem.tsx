import { ReactWidget } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { isLive } from '../api/types';
import { IYard } from '../api/yard';
import { useSignal } from '../components/hooks/useSignal';
import { runningIcon, scheduleIcon } from '../icons/startup';
import { shownState } from './model/reducer';

/** Inline styles, because a status bar is shown before our style sheet loads. */
const LOOKS = {
  display: 'inline-flex',
  gap: 4,
  alignItems: 'center',
  padding: '0 4px',
  border: 'none',
  background: 'none',
  color: 'inherit',
  font: 'inherit',
  cursor: 'pointer'
} as const;

/** The number of live runs; a click shows the newest. */
export class StatusItem extends ReactWidget {
  constructor(
    private readonly yard: IYard,
    private readonly commands: CommandRegistry,
    private readonly trans: TranslationBundle
  ) {
    super();
    Object.assign(this.node.style, { display: 'flex', alignItems: 'center' });
  }

  get live(): number {
    return this.yard.runs.items.filter(isLive).length;
  }

  get running(): number {
    return this.yard.runs.items.filter(run => shownState(run) === 'running').length;
  }

  protected render(): JSX.Element {
    return <Count item={this} yard={this.yard} commands={this.commands} trans={this.trans} />;
  }
}

interface ICountProps {
  item: StatusItem;
  yard: IYard;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

function Count({ item, yard, commands, trans }: ICountProps): JSX.Element {
  const live = useSignal(yard.runs.changed, () => item.live);
  const running = useSignal(yard.runs.changed, () => item.running);
  const label = [
    running && trans._n('%1 run in progress', '%1 runs in progress', running),
    live > running && trans._n('%1 run waits', '%1 runs wait', live - running)
  ]
    .filter(Boolean)
    .join(', ');
  const Icon = running ? runningIcon : scheduleIcon;
  return (
    <button
      type="button"
      style={LOOKS}
      title={label}
      aria-label={label}
      onClick={() => {
        const id = yard.runs.items.find(isLive)?.id;
        if (id) {
          void commands.execute('nbyard:show-run', { id });
        }
      }}
    >
      <Icon.react tag="span" elementSize="small" elementPosition="center" />
      {live}
    </button>
  );
}
