import { workflowIcon } from '../../icons/startup';
import { useCanvas } from '../model/hooks';

/** Shows what to do with an empty canvas. */
export function EmptyStage(): JSX.Element {
  const { trans, commands } = useCanvas();
  return (
    <div className="nby-Empty">
      <workflowIcon.react tag="span" className="nby-Empty-icon" />
      <h2>{trans.__('Drag notebooks, scripts and data here')}</h2>
      <p>
        {trans.__(
          'Use the file browser or the list on the left. Each file becomes a node. To connect nodes, drag from an output to an input.'
        )}
      </p>
      <button
        type="button"
        className="jp-Button jp-mod-styled jp-mod-accept"
        onClick={() => void commands.execute('nbyard:add-node')}
      >
        {trans.__('Add a Node… (A)')}
      </button>
    </div>
  );
}
