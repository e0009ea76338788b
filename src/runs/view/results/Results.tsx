import { useState } from 'react';
import { addressOf } from '../../../api/addresses';
import { Artifact } from '../../../api/types';
import { Boundary } from '../../../components/Boundary';
import { showBytes } from '../../../components/format/bytes';
import { classText } from '../../../document/arguments';
import { portName } from '../../../document/maps/map';
import { CommandButton } from '../../../components/Button';
import { PortionBar, usePortion } from '../../../components/Portion';
import { RowList } from '../../../components/RowList';
import { executedLast, taskTitle } from '../../model/names';
import { useServices } from '../context/hooks';
import { DownloadIcon } from './DownloadIcon';
import { OtherFiles } from './OtherFiles';
import { Preview, previewOf } from './Preview';
import { mostTelling } from './telling';
import { ITaskProps } from '../context/taskProps';

const idOf = ({ id }: Artifact): string => id;

/** The results of tasks, to view and to download. */
export function Results(props: ITaskProps): JSX.Element {
  const { detail } = props;
  const { trans } = useServices();
  const artifacts = detail.tasks.flatMap(task => executedLast(task.artifacts ?? []));
  const others = detail.tasks.filter(task => task.other_files);
  if (!artifacts.length && !others.length) {
    return <p className="nby-Note">{trans.__('No results yet.')}</p>;
  }
  return (
    <div className="nby-Results">
      {artifacts.length > 0 && <Artifacts {...props} artifacts={artifacts} />}
      <OtherFiles tasks={others} all={detail.tasks} run={detail.run.id} />
    </div>
  );
}

function Artifacts(props: ITaskProps & { artifacts: readonly Artifact[] }): JSX.Element {
  const { detail, step, onStep, artifacts } = props;
  const { trans, yard, commands } = useServices();
  const [chosen, setChosen] = useState<string>();
  const [first] = useState(() => {
    const own = artifacts.filter(({ node }) => node === step);
    return mostTelling(own.length ? own : artifacts)?.id;
  });
  const selected = chosen ?? first;
  const portion = usePortion(artifacts, idOf, selected);
  const shown = artifacts.find(({ id }) => id === selected);
  const label = (node: string) => {
    const task = detail.tasks.find(candidate => candidate.node === node);
    return task ? taskTitle(task, detail.tasks) : node;
  };
  const show = (artifact: Artifact) => {
    setChosen(artifact.id);
    onStep(artifact.node);
  };
  return (
    <>
      <PortionBar portion={portion} trans={trans} />
      <RowList
        label={trans.__('Results of the run')}
        noun="result"
        items={portion.items}
        idOf={idOf}
        nameOf={({ name }) => name}
        selected={selected}
        onSelect={show}
        onOpen={show}
        render={artifact => (
          <>
            <span className="nby-Row-name">
              {label(artifact.node)} → <strong>{portName(artifact.name, trans)}</strong>
            </span>
            <span className="nby-Dim">
              {[classText(artifact.output_class ?? 'data', trans), artifact.format]
                .concat(showBytes(artifact.size_bytes))
                .filter(Boolean)
                .join(' · ')}
            </span>
          </>
        )}
        actions={artifact => (
          <>
            {artifact.output_class === 'model' && (
              <CommandButton
                commands={commands}
                id="nbyard:deploy-output"
                args={{
                  run: artifact.run_id,
                  output: `${artifact.node}.${artifact.name}`,
                  isTile: true
                }}
                tabIndex={-1}
              />
            )}
            <DownloadIcon
              filename={artifact.filename}
              href={addressOf(yard.client, 'artifacts.content', {
                path: { artifact: artifact.id }
              })}
              trans={trans}
            />
          </>
        )}
      />
      {shown && (
        <div className="nby-TaskResult">
          <Boundary key={shown.id} trans={trans}>
            <Preview shown={previewOf(yard, shown)} />
          </Boundary>
        </div>
      )}
    </>
  );
}
