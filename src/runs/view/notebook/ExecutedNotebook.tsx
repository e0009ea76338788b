import '../../../../style/panels.css';
import '../../../../style/runs.css';
import { isLive } from '../../../api/types';
import { StateMark } from '../../../components/StateMark';
import { RunModel } from '../../model/runModel';
import { IRunServices } from '../../model/services';
import { taskTitle } from '../../model/names';
import { useExecuted } from './cells';
import { useDetail } from '../context/hooks';
import { NotebookCells } from './NotebookCells';

interface IExecutedNotebookProps {
  services: IRunServices;
  model: RunModel;
  step: string;
}

/** The executed notebook of a task, read-only, at its failed cell if there is one. */
export default function ExecutedNotebook(props: IExecutedNotebookProps): JSX.Element {
  const { services, model, step } = props;
  const { trans } = services;
  const detail = useDetail(model);
  const executed = useExecuted(services, model, step);
  const task = model.task(step);
  const live = !!detail && isLive(detail.run);
  return (
    <div className="nby-Executed">
      <div className="nby-Bar">
        {task && <StateMark state={task.state} cached={task.cached} trans={trans} />}
        <strong>{task && detail ? taskTitle(task, detail.tasks) : step}</strong>
        <span className="nby-Dim">
          {trans.__('executed in run %1, read-only', detail?.run.number ?? '')}
        </span>
      </div>
      {executed.cells ? (
        <NotebookCells
          services={services}
          executed={executed}
          live={live}
          follow
          jump={task?.state === 'failed' ? (task.failure?.executed_cell ?? 0) : undefined}
        />
      ) : (
        <p className="nby-Note">
          {executed.problem ??
            (executed.loading ? trans.__('Loading…') : trans.__('No cell was executed.'))}
        </p>
      )}
    </div>
  );
}
