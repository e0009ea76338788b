import { ComparedVersions } from '../../../api/types';
import { drawn, HEIGHT, WIDTH } from './drawing';

/** It is scaled down to this, where its text has about 11 px, and then scrolls. */
const LEAST = 0.55;

interface IWorkflowDrawingProps {
  compared: ComparedVersions;
  label: string;
}

/** Both versions of a workflow in one picture; the list of changes says the same in words. */
export function WorkflowDrawing({ compared, label }: IWorkflowDrawingProps): JSX.Element | null {
  const { nodes, edges } = drawn(compared);
  const xs = nodes.map(({ at }) => at[0]);
  const ys = nodes.map(({ at }) => at[1]);
  const [x, y] = [Math.min(...xs) - 20, Math.min(...ys) - 20];
  const box = [x, y, Math.max(...xs) + WIDTH + 20 - x, Math.max(...ys) + HEIGHT + 20 - y];
  return nodes.length ? (
    <svg
      className="nby-History-drawing"
      viewBox={box.join(' ')}
      style={{ minWidth: LEAST * box[2], maxWidth: box[2] }}
      role="img"
      aria-label={label}
    >
      {edges.map(({ id, from, to, mark }) => (
        <path
          key={id}
          className={`nby-mod-${mark}`}
          d={`M${from.join(' ')} C${from[0] + 40} ${from[1]} ${to[0] - 40} ${to[1]} ${to.join(' ')}`}
        />
      ))}
      {nodes.map(({ id, title, at, mark, accent }) => (
        <g
          key={id}
          className={`nby-mod-${mark} nby-mod-${accent}`}
          transform={`translate(${at.join(' ')})`}
        >
          <title>{title}</title>
          <rect width={WIDTH} height={HEIGHT} rx={4} />
          <text x={10} y={HEIGHT / 2 + 6}>
            {title.length > 17 ? `${title.slice(0, 16)}…` : title}
          </text>
        </g>
      ))}
    </svg>
  ) : null;
}
