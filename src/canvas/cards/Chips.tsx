import { useCanvas } from '../model/hooks';

/** Where the node runs and with what, if it is not the default. A click offers other choices. */
export function Chips({ id, chips }: { id: string; chips: readonly string[] }): JSX.Element {
  const { store, commands, trans } = useCanvas();
  return (
    <div className="nby-Chips nodrag nopan">
      {chips.map(chip => (
        <button
          key={chip}
          type="button"
          tabIndex={-1}
          className="nby-Chip"
          title={trans.__('Choose where this node runs')}
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
