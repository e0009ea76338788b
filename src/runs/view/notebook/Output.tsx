import { useState } from 'react';
import { isLive } from '../../../api/types';
import { CheckBox, CommandButton } from '../../../components/Button';
import { useExecuted } from './cells';
import { useServices } from '../context/hooks';
import { Logs } from '../logs/Logs';
import { NotebookCells } from './NotebookCells';
import { TaskChoice } from '../context/TaskChoice';
import { ITaskProps } from '../context/taskProps';

interface IOutputProps extends ITaskProps {
  /** Show this cell. */
  jump?: number;
  /** The view around it has the choice of the task, and other ways to the notebook. */
  isInner?: boolean;
}

/** What a task has printed so far: its executed notebook, or its log if it has none. */
export function Output(props: IOutputProps): JSX.Element {
  const { model, detail, step, attempt, jump, isInner } = props;
  const services = useServices();
  const { trans, commands } = services;
  const executed = useExecuted(services, model, step, attempt);
  const [follow, setFollow] = useState(true);
  const task = detail.tasks.find(candidate => candidate.node === step);
  const live = isLive(detail.run) && task?.state === 'running';
  // scripts and programs print to their log
  const hasOnlyLog = !executed.cells && !executed.loading && executed.problem === undefined;
  return (
    <div className="nby-Output">
      {!isInner && (
        <div className="nby-Bar">
          <TaskChoice {...props} />
          {live && (
            <CheckBox checked={follow} onChange={setFollow}>
              {trans.__('Follow the running cell')}
            </CheckBox>
          )}
          <span className="nby-Space" />
          {executed.cells && step && (
            <CommandButton
              commands={commands}
              id="nbyard:open-executed"
              args={{ run: model.id, node: step, label: task?.label ?? '' }}
            />
          )}
        </div>
      )}
      {task?.cached && (executed.cells || hasOnlyLog) && (
        <p className="nby-Note">
          {executed.cells
            ? trans.__(
                'This task came from the cache. The notebook that created its result is shown.'
              )
            : trans.__(
                'This task came from the cache. The log of the task that created its result is shown, because there is no executed notebook.'
              )}
        </p>
      )}
      {hasOnlyLog ? (
        <Logs {...props} isInner />
      ) : executed.cells ? (
        <NotebookCells
          services={services}
          executed={executed}
          live={live}
          follow={follow}
          jump={jump}
        />
      ) : (
        <p className="nby-Note">{executed.problem ?? trans.__('Loading…')}</p>
      )}
    </div>
  );
}
