import { useState } from 'react';
import { RunDetail, Task } from '../../../api/types';
import { Button } from '../../../components/Button';
import { Boundary } from '../../../components/Boundary';
import { executedLast, taskTitle } from '../../model/names';
import { UndeclaredFiles } from '../parameters/UndeclaredFiles';
import { Preview, previewOf } from '../results/Preview';
import { mostTelling } from '../results/telling';
import { useServices } from '../context/hooks';

/** What a task produced: one output is previewed, the others are a click away. */
export function TaskResult({
  task,
  detail
}: {
  task: Task;
  detail: RunDetail;
}): JSX.Element | null {
  const { trans, yard } = useServices();
  const artifacts = executedLast(task.artifacts ?? []);
  const [chosen, setChosen] = useState<string>();
  const shown = artifacts.find(({ name }) => name === chosen) ?? mostTelling(artifacts);
  if (!shown) {
    return null;
  }
  const title = trans.__('Results of “%1”', taskTitle(task, detail.tasks));
  return (
    <section className="nby-TaskResult" aria-label={title}>
      <div className="nby-TaskResult-names" role="group" aria-label={title}>
        {artifacts.map(({ id, name }) => (
          <Button key={id} aria-pressed={id === shown.id} onClick={() => setChosen(name)}>
            {name}
          </Button>
        ))}
      </div>
      {task.other_files && (
        <UndeclaredFiles run={detail.run.id} node={task.node} state={task.state} />
      )}
      <Boundary key={shown.id} trans={trans}>
        <Preview shown={previewOf(yard, shown)} />
      </Boundary>
    </section>
  );
}
