import '../../../../style/comparison.css';
import { useEffect, useRef, useState } from 'react';
import { Run, RunComparison, StoreEvent } from '../../../api/types';
import { Refusal, Waiting } from '../../../components/text/messages';
import { CheckBox } from '../../../components/Button';
import { runsIcon } from '../../../icons/startup';
import { IPanelServices } from '../../frame/services';
import { Bisect, canBisect } from './Bisect';
import { CodeSection } from './CodeSection';
import { IComparedProps, titleOf } from './compared';
import { MetricPlots } from './MetricPlots';
import { InputSection, OutputSection } from './DataSections';
import { SideTable } from './SideTable';
import {
  EnvironmentSection,
  MetricSection,
  ParameterSection,
  TimingSection
} from './ValueSections';

interface IComparisonViewProps {
  services: IPanelServices;
  ids: readonly string[];
  /** Called with the runs, oldest first. */
  onFound?: (runs: readonly Run[]) => void;
}

/** Two or more runs side by side, the oldest at the left; first only what differs. */
export default function ComparisonView(props: IComparisonViewProps): JSX.Element {
  const { services, ids, onFound } = props;
  const { yard, trans } = services;
  const [everything, setEverything] = useState(false);
  const [comparison, setComparison] = useState<RunComparison>();
  const [problem, setProblem] = useState('');
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const key = ids.join(',');
  const [gone, setGone] = useState<string>();
  useEffect(() => {
    const control = new AbortController();
    const { events } = yard.stream;
    const onEvents = (_: unknown, changes: readonly StoreEvent[]) => {
      const isDeleted = ({ subject_id, data }: StoreEvent) =>
        data.change === 'deleted' && key.split(',').includes(subject_id);
      setGone(known => changes.find(isDeleted)?.subject_id ?? known);
    };
    events.connect(onEvents);
    // IDs of runs sort by the time of their creation
    const [run, ...others] = key.split(',').sort();
    yard.client
      .call('runs.compare', {
        path: { run },
        query: { others: others.join(','), everything },
        signal: control.signal
      })
      .then(answer => {
        setComparison(answer);
        setProblem('');
        onFound?.(answer.runs);
      })
      .catch((error: Error) => !control.signal.aborted && setProblem(error.message));
    return () => {
      control.abort();
      events.disconnect(onEvents);
    };
  }, [yard, key, everything, onFound]);
  const deleted = comparison?.runs.find(({ id }) => id === gone);
  return (
    <div className="nby-View">
      <div className="nby-View-header">
        <runsIcon.react tag="span" className="nby-Icon" />
        <h2 ref={heading} tabIndex={-1}>
          {trans.__('Compare runs')}
        </h2>
        <span className="nby-Space" />
        <CheckBox checked={!everything} onChange={checked => setEverything(!checked)}>
          {trans.__('Differences only')}
        </CheckBox>
      </div>
      <Refusal className="nby-Note">
        {deleted
          ? trans.__('Run %1 was deleted.', deleted.number)
          : problem && trans.__('Not compared: %1', problem)}
      </Refusal>
      {!comparison && !problem && <Waiting>{trans.__('Comparing…')}</Waiting>}
      {comparison && !deleted && (
        <div className="nby-Comparison-body">
          <Sections services={services} comparison={comparison} />
        </div>
      )}
    </div>
  );
}

function Sections(props: IComparedProps): JSX.Element {
  const { comparison, services } = props;
  const { trans } = services;
  const { parameters, inputs, metrics, outputs, code, environment, labels } = comparison;
  const shared = [parameters, inputs, metrics, outputs, code, environment];
  const isSame = shared.every(rows => rows.every(({ differs }) => !differs));
  const causes = [
    ...[...parameters, ...inputs].map(row => ({
      ...row,
      parts: [titleOf(row.node, labels), row.name]
    })),
    ...code.map(row => ({ ...row, parts: [row.label] })),
    ...environment.map(row => ({ ...row, parts: row.nodes.map(node => titleOf(node, labels)) }))
  ].filter(({ differs }) => differs);
  return (
    <>
      {isSame && <Waiting>{trans.__('These runs differ in their timing only.')}</Waiting>}
      {!isSame && canBisect(comparison.runs) && (
        <Bisect
          {...{ services, labels }}
          runs={comparison.runs}
          metrics={judgingMetrics(comparison)}
          only={causes.length === 1 ? causes[0].parts.filter(Boolean).join('.') : ''}
        />
      )}
      <SideTable {...props}>
        <ParameterSection {...props} />
        <InputSection {...props} />
        <MetricSection {...props} />
        <MetricPlots {...props} />
        <OutputSection {...props} />
        <CodeSection {...props} />
        <EnvironmentSection {...props} />
        <TimingSection {...props} />
      </SideTable>
    </>
  );
}

/** Return the metrics with different numbers. */
function judgingMetrics({ metrics }: RunComparison): string[] {
  return metrics
    .filter(({ values, differs }) => differs && values.every(Number.isFinite))
    .map(({ node, name }) => `${node}.${name}`);
}
