import { useAnswer } from '../../../api/useAnswer';
import { useServices } from '../context/hooks';
import { hasError, numberOf, read, sourceOf } from './cells';

interface ILaterAssignmentProps {
  run: string;
  node: string;
  /** The name that is not defined. */
  name: string;
}

/** The cell below a failed one that binds its unknown name, as if it had been run first. */
export function LaterAssignment({ run, node, name }: ILaterAssignmentProps): JSX.Element | null {
  const { trans, yard } = useServices();
  const { answer } = useAnswer(yard.client, 'runs.cells', { path: { run, node }, query: {} });
  const cells = (answer && read(answer).cells) ?? [];
  const failed = cells.findIndex(hasError);
  const binds = new RegExp(
    `^(${name}\\s*=(?!=)|(def|class)\\s+${name}\\b|(from .*)?import\\b.*\\b${name}\\b)`,
    'm'
  );
  const later = cells.findIndex(
    (cell, place) => place > failed && cell.cell_type === 'code' && binds.test(sourceOf(cell))
  );
  const cell = failed < 0 || later < 0 ? undefined : numberOf(cells, later);
  return cell ? (
    <p className="nby-Note">
      {trans.__('Cell %1 defines %2. A run executes the cells from top to bottom.', cell, name)}
    </p>
  ) : null;
}
