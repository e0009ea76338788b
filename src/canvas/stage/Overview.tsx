import { MiniMap, MiniMapNodeProps } from '@xyflow/react';
import { memo } from 'react';
import { useSignal } from '../../components/hooks/useSignal';
import { useCanvas } from '../model/hooks';

/** A small map of the workflow, each node in the colour of its state. */
export function Overview(): JSX.Element {
  const { trans } = useCanvas();
  return <MiniMap pannable zoomable nodeComponent={Block} ariaLabel={trans.__('Overview')} />;
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
