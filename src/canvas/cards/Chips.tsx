import { useCanvas } from '../model/hooks';

interface IChipsProps {
  id: string;
  chips: readonly string[];
  /** The number of GPUs that the executable requests. */
  gpus: number;
}

/**
 * Where the node runs and with what. A click offers other choices. The default is seen only on a
 * card under the pointer or selected, below it, so that cards keep their size.
 */
export function Chips({ id, chips, gpus }: IChipsProps): JSX.Element | null {
  const { store, commands, readOnly, trans } = useCanvas();
  const isDefault = !chips.length;
  if (isDefault && readOnly) {
    return null;
  }
  const usual = gpus ? trans._n('%1 GPU', '%1 GPUs', gpus) : trans.__('CPU');
  return (
    <div className={`nby-Chips nodrag nopan${isDefault ? ' nby-mod-default' : ''}`}>
      {(isDefault ? [usual] : chips).map(chip => (
        <button
          key={chip}
          type="button"
          tabIndex={-1}
          className="nby-Chip"
          disabled={readOnly}
          title={readOnly ? undefined : trans.__('Choose where this node runs')}
          onClick={() => {
            store.select([id]);
            void commands.execute('nbyard:choose-resources');
          }}
        >
          {chip}
        </button>
      ))}
    </div>
  );
}
