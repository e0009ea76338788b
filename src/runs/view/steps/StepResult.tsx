import { useState } from 'react';
import { Artifact, RunDetail, Task } from '../../../api/types';
import { Boundary } from '../../../components/Boundary';
import { dataKind } from '../../../components/format/dataKinds';
import { stepTitle } from '../../model/names';
import { Preview, previewOf, suffixOf } from '../results/Preview';
import { useServices } from '../context/hooks';

/** What a task produced: one output is previewed, the others are a click away. */
export function StepResult({
  task,
  detail
}: {
  task: Task;
  detail: RunDetail;
}): JSX.Element | null {
  const { trans, yard } = useServices();
  const artifacts = task.artifacts ?? [];
  const [chosen, setChosen] = useState<string>();
  const shown = artifacts.find(({ name }) => name === chosen) ?? mostTelling(artifacts);
  if (!shown) {
    return null;
  }
  const title = trans.__('Results of “%1”', stepTitle(task, detail.tasks));
  return (
    <section className="nby-StepResult" aria-label={title}>
      <div className="nby-StepResult-names" role="group" aria-label={title}>
        {artifacts.map(({ id, name }) => (
          <button
            key={id}
            type="button"
            className="nby-Button"
            aria-pressed={id === shown.id}
            onClick={() => setChosen(name)}
          >
            {name}
          </button>
        ))}
      </div>
      <Boundary key={shown.id} trans={trans}>
        <Preview shown={previewOf(yard, shown)} />
      </Boundary>
    </section>
  );
}

const PICTURES = ['png', 'jpg', 'jpeg', 'svg', 'gif', 'webp', 'html'];

function mostTelling(artifacts: readonly Artifact[]): Artifact | undefined {
  return [...artifacts].sort((one, other) => rankOf(one) - rankOf(other))[0];
}

/** Pictures and pages tell most, then metrics, tables and models; logs and others tell least. */
function rankOf({ format, filename, may_be_model }: Artifact): number {
  const formats = [format, suffixOf(filename)];
  const kinds = formats.map(dataKind);
  const ranks = [
    formats.some(one => PICTURES.includes(one)),
    formats.includes('json'),
    kinds.includes('table'),
    may_be_model || kinds.includes('model')
  ];
  const found = ranks.indexOf(true);
  return found < 0 ? ranks.length : found;
}
