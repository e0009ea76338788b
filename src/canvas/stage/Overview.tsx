import { MiniMap, MiniMapNodeProps, Panel } from '@xyflow/react';
import { memo } from 'react';
import { useSignal } from '../../components/hooks/useSignal';
import { useCanvas, useUi } from '../model/hooks';
import { hasMinimap, mayHaveMinimap } from './minimap';

/** The minimap of the workflow, each node in the colour of its state, and the button for it. */
export function Overview(): JSX.Element | null {
  const canvas = useCanvas();
  const { trans } = canvas;
  useUi();
  if (!mayHaveMinimap(canvas)) {
    return null;
  }
  const isOpen = hasMinimap(canvas);
  return (
    <>
      {isOpen && (
        <MiniMap pannable zoomable nodeComponent={Block} ariaLabel={trans.__('Minimap')} />
      )}
      <Panel position="bottom-right" className={isOpen ? 'nby-mod-open' : undefined}>
        <button
          type="button"
          className="nby-Overview-toggle"
          aria-expanded={isOpen}
          tabIndex={-1}
          title={isOpen ? trans.__('Hide the minimap') : trans.__('Show the minimap')}
          onClick={() => void canvas.commands.execute('nbyard:toggle-minimap')}
        >
          {isOpen ? '▾' : '▴'} {trans.__('Minimap')}
        </button>
      </Panel>
    </>
  );
}

/** Subscribes to states itself, because React Flow redraws it only when the node changes. */
export const Block = memo(function Block(props: MiniMapNodeProps): JSX.Element {
  const { id, x, y, width, height, borderRadius, selected, shapeRendering } = props;
  const { runs } = useCanvas();
  const state = useSignal(runs?.changed, () => runs?.stateOf(id));
  const classes = ['react-flow__minimap-node', 'nby-Overview-node'];
  if (selected) {
    classes.push('selected');
  }
  if (state) {
    classes.push(`nby-mod-${state}`);
  }
  return (
    <rect
      className={classes.join(' ')}
      rx={borderRadius}
      {...{ x, y, width, height, shapeRendering }}
    />
  );
});
