import { Edge } from '@xyflow/react';
import { MouseEvent, useMemo, useState, useSyncExternalStore } from 'react';
import { title } from '../model/connecting';
import { edgeOf } from '../model/diagram/ends';
import { CanvasController } from '../model/controller';
import { ITableHead } from '../model/tokens';
import { TableHead } from '../cards/Preview';

/** How long the pointer rests on a connection before its data is shown, in milliseconds. */
const REST = 300;

interface IPeek {
  x: number;
  y: number;
  head: ITableHead;
  /** The node and its output. */
  name: string;
  edge: string;
}

/** Shows the first rows of the table that went through the connection below the pointer. */
export function usePeek(canvas: CanvasController) {
  const [peek, setPeek] = useState<IPeek>();
  const handlers = useMemo(() => {
    let timer = 0;
    let current = '';
    return {
      onEdgeMouseEnter: ({ clientX, clientY }: MouseEvent, edge: Edge) => {
        const box = canvas.stage?.getBoundingClientRect();
        current = edge.id;
        window.clearTimeout(timer);
        timer = window.setTimeout(async () => {
          const { source, output } = edgeOf(edge);
          const head = await canvas.runs?.previewOf?.(source, output);
          if (head && box && current === edge.id) {
            const name = `${title(canvas, source)}.${output}`;
            setPeek({ x: clientX - box.left, y: clientY - box.top, head, name, edge: edge.id });
          }
        }, REST);
      },
      onEdgeMouseLeave: () => {
        current = '';
        window.clearTimeout(timer);
        setPeek(undefined);
      }
    };
  }, [canvas]);
  const { store } = canvas;
  const edges = useSyncExternalStore(store.subscribe, store.getEdges);
  // the pointer does not leave a connection that is deleted
  return { peek: peek && edges.some(({ id }) => id === peek.edge) ? peek : undefined, ...handlers };
}

export function ConnectionPeek({ peek }: { peek: IPeek | undefined }): JSX.Element | null {
  return peek ? (
    <div className="nby-Peek" role="tooltip" style={{ left: peek.x + 12, top: peek.y + 12 }}>
      <TableHead table={peek.head} name={peek.name} width={45} />
    </div>
  ) : null;
}
