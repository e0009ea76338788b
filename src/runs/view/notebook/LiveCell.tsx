import { RunModel } from '../../model/runModel';
import { useServices } from '../context/hooks';
import { sourceOf, useExecuted } from './cells';

/** The cell that runs now, in one line; its output is below. */
export function LiveCell({ model, node }: { model: RunModel; node: string }): JSX.Element | null {
  const services = useServices();
  const { cells, current, done, total } = useExecuted(services, model, node);
  const cell = cells?.[current ?? -1];
  const source = cell && sourceOf(cell);
  const first = source
    ?.split('\n')
    .find(line => line.trim() && !/^\s*(#|import |from )/.test(line));
  return source === undefined ? null : (
    <p className="nby-LiveCell" title={source}>
      {services.trans.__('Cell %1 of %2', Math.min(total, done + 1), total)}
      <code>{first ?? source}</code>
    </p>
  );
}
