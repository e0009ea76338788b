import { RunDetail, Task } from '../../api/types';
import { problemIcon } from '../../icons';
import { useServices } from './hooks';

interface IFailureBannerProps {
  detail: RunDetail;
  onCell: (node: string, cell: number) => void;
  onLog: (node: string) => void;
}

const LINES = 5;

/** Why the run failed, in one line, with the last lines that tell more. */
export function FailureBanner({ detail, onCell, onLog }: IFailureBannerProps): JSX.Element | null {
  const { trans, commands } = useServices();
  const task = detail.tasks.find(one => one.state === 'failed');
  if (!task) {
    return null;
  }
  const { failure } = task;
  const cell = failure?.cell;
  const executed = failure?.executed_cell;
  const lines = lastLines(failure?.traceback ?? '');
  return (
    <section className="nby-Failure" role="alert">
      <div className="nby-Failure-line">
        <problemIcon.react tag="span" className="nby-Icon" />
        <span className="nby-Failure-cause">
          <strong>{task.label || task.node}</strong> {sentence(task)}
          {typeof cell === 'number' && <> · {trans.__('cell %1', cell + 1)}</>}
        </span>
        {typeof executed === 'number' && (
          <>
            <button
              type="button"
              className="nby-Button"
              onClick={() => onCell(task.node, executed)}
            >
              {trans.__('Show the failing cell')}
            </button>
            <button
              type="button"
              className="nby-Button"
              onClick={() =>
                void commands.execute('nbyard:open-executed', {
                  run: detail.run.id,
                  node: task.node,
                  label: task.label ?? ''
                })
              }
            >
              {trans.__('Open executed notebook')}
            </button>
          </>
        )}
        <button type="button" className="nby-Button" onClick={() => onLog(task.node)}>
          {trans.__('Show the log')}
        </button>
        {task.executable_id && (
          <button
            type="button"
            className="nby-Button"
            onClick={() =>
              void commands.execute('nbyard:edit-executable-source', { id: task.executable_id })
            }
          >
            {trans.__('Edit source')}
          </button>
        )}
      </div>
      {lines && (
        <details open>
          <summary>{trans.__('Last lines')}</summary>
          <pre>{lines}</pre>
        </details>
      )}
    </section>
  );
}

function sentence(task: Task): string {
  const { failure } = task;
  const name = failure?.error_name;
  const message = failure?.message || task.reason;
  const first = message.split('\n')[0];
  return name && !first.startsWith(name) ? `${name}: ${first}` : first;
}

function lastLines(traceback: string): string {
  // eslint-disable-next-line no-control-regex
  const plain = traceback.replace(/\u001b\[[0-9;]*m/g, '');
  return plain.trimEnd().split('\n').slice(-LINES).join('\n');
}
