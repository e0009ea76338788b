import { ConnectionState, useConnection } from '@xyflow/react';
import { useEffect, useState } from 'react';
import { fitting, refusal } from '../model/connecting';
import { CanvasController } from '../model/controller';
import { declarable } from '../connections/declarations';
import { withFiles } from '../model/declaring';
import { endOf, linked } from '../model/diagram/ends';
import { nodeAt } from './mouseAndClipboard';
import { useCanvas } from '../model/hooks';
import { bodyRefusalText } from '../model/texts';
import { IEdge } from '../../document/flow';
import { portName } from '../../document/maps/map';

/** In larger workflows, checking every port would be slow. */
const DIMMED = 200;

interface IPoint {
  x: number;
  y: number;
}

interface IHint {
  text: string;
  refused: boolean;
}

const follow = (state: ConnectionState) =>
  state.inProgress
    ? {
        node: state.fromNode.id,
        port: state.fromHandle.id ?? '',
        from: state.fromHandle.type,
        toNode: state.toHandle?.nodeId,
        toPort: state.toHandle?.id ?? ''
      }
    : undefined;

type Following = NonNullable<ReturnType<typeof follow>>;

const equal = (a: Following | undefined, b: Following | undefined) =>
  JSON.stringify(a) === JSON.stringify(b);

/** Shows what a drop would do while a connection is drawn, or why it is refused. */
export function ConnectionHint(): JSX.Element | null {
  const canvas = useCanvas();
  const drag = useSteady(useConnection(follow));
  const [point, setPoint] = useState<IPoint>();
  const active = drag !== undefined;
  useEffect(() => {
    if (!active) {
      return;
    }
    const onMove = (event: PointerEvent) => setPoint({ x: event.clientX, y: event.clientY });
    window.addEventListener('pointermove', onMove, true);
    return () => {
      window.removeEventListener('pointermove', onMove, true);
      setPoint(undefined);
    };
  }, [active]);
  const from = drag && JSON.stringify([drag.node, drag.port, drag.from]);
  useEffect(() => (from ? dimRest(canvas, JSON.parse(from)) : undefined), [canvas, from]);
  if (!drag || !point) {
    return null;
  }
  const hint = hintAt(canvas, drag, point);
  const box = canvas.stage?.getBoundingClientRect();
  return hint ? (
    <div
      className={`nby-Hint${hint.refused ? ' nby-mod-refused' : ''}`}
      role="status"
      style={{ left: point.x - (box?.left ?? 0) + 14, top: point.y - (box?.top ?? 0) + 14 }}
    >
      {hint.text}
    </div>
  ) : null;
}

/** Keep the object until the target changes: React Flow's state changes with each move. */
function useSteady(now: Following | undefined): Following | undefined {
  const [kept, setKept] = useState(now);
  if (!equal(kept, now)) {
    setKept(now);
    return now;
  }
  return kept;
}

/** Dim the ports that a connection from here cannot reach while it is drawn. */
function dimRest(
  canvas: CanvasController,
  [node, port, from]: [string, string, 'source' | 'target']
): (() => void) | undefined {
  const { stage } = canvas;
  if (!stage || canvas.doc.nodes.size > DIMMED) {
    return undefined;
  }
  const handles = [...stage.querySelectorAll<HTMLElement>('.react-flow__handle')];
  for (const handle of handles) {
    const { nodeid = '', handleid = '' } = handle.dataset;
    const self = nodeid === node && handleid === port;
    if (self || !refusal(canvas, edgeOf({ node, port, from }, nodeid, handleid))) {
      handle.dataset.fits = '';
    }
  }
  stage.classList.add('nby-mod-drawing');
  return () => {
    stage.classList.remove('nby-mod-drawing');
    handles.forEach(handle => delete handle.dataset.fits);
  };
}

function hintAt(canvas: CanvasController, drag: Following, point: IPoint): IHint | undefined {
  const { trans } = canvas;
  if (drag.toNode !== undefined) {
    if (drag.toNode === drag.node && drag.toPort === drag.port) {
      return undefined;
    }
    const edge = edgeOf(drag, drag.toNode, drag.toPort);
    const reason = refusal(canvas, edge);
    return reason
      ? { text: reason, refused: true }
      : { text: textOf(canvas, edge), refused: false };
  }
  const node = nodeAt(point.x, point.y);
  if (!node || node === drag.node) {
    return undefined;
  }
  const end = endOf(drag.node, drag.port);
  const fit = fitting(canvas, end, node);
  if (!fit.edges.length) {
    const [parameter] = declarable(canvas, end, node);
    return parameter
      ? { text: trans.__('Drop to declare %1', parameter.label), refused: false }
      : { text: bodyRefusalText(fit.refused, trans), refused: true };
  }
  const [first] = fit.edges;
  return {
    text:
      fit.edges.length === 1
        ? textOf(canvas, first)
        : trans.__('%1 ports match. Drop to choose.', fit.edges.length),
    refused: false
  };
}

/** Return the connection as a text, or the files that it declares. */
function textOf(canvas: CanvasController, edge: IEdge): string {
  const { writes, reads } = withFiles(canvas, edge);
  const files = [writes, reads].filter(Boolean).join(', ');
  const ends = [edge.output, edge.input].map(port => portName(port, canvas.trans));
  return files ? canvas.trans.__('Drop to declare %1', files) : ends.join(' → ');
}

function edgeOf(
  from: { node: string; port: string; from: 'source' | 'target' },
  node: string,
  port: string
): IEdge {
  return linked(from.from, endOf(from.node, from.port), endOf(node, port));
}
