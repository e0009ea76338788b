import { MiniMap, MiniMapNodeProps, Panel, useStore } from '@xyflow/react';
import { memo, ReactNode } from 'react';
import { useSignal } from '../../components/hooks/useSignal';
import { fitIcon } from '../../icons/startup';
import { isGroup } from '../../document/flow';
import { groupView } from '../groups/groupView';
import { useCanvas, useUi } from '../model/hooks';
import { hasMinimap, mayHaveMinimap } from './minimap';

/** How large the cards are, with buttons to change it. The keys do the same. */
export function ZoomBar(): JSX.Element {
  const { trans } = useCanvas();
  const percent = useStore(({ transform }) => Math.round(transform[2] * 100));
  return (
    <Panel position="bottom-left" className="nby-Zoom">
      <ViewButton id="zoom-out">−</ViewButton>
      <span>{trans.__('%1 %', percent)}</span>
      <ViewButton id="zoom-in">+</ViewButton>
      <ViewButton id="fit-workflow">
        <fitIcon.react tag="span" className="nby-Icon" />
      </ViewButton>
    </Panel>
  );
}

function ViewButton({ id, children }: { id: string; children: ReactNode }): JSX.Element {
  const { commands } = useCanvas();
  const command = `nbyard:${id}`;
  const label = commands.label(command);
  return (
    <button
      type="button"
      tabIndex={-1}
      title={label}
      aria-label={label}
      onClick={() => void commands.execute(command)}
    >
      {children}
    </button>
  );
}

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
  const canvas = useCanvas();
  const { runs } = canvas;
  const state = useSignal(runs?.changed, () =>
    isGroup(id) ? groupView(canvas, id).state : runs?.stateOf(id)
  );
  const classes = ['react-flow__minimap-node', 'nby-Overview-node'];
  if (selected) {
    classes.push('selected');
  }
  if (isGroup(id) && !canvas.store.tree.isFolded(id)) {
    classes.push('nby-mod-frame');
  } else if (state) {
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
