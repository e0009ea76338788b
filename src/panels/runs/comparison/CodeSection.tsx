import { useState } from 'react';
import { Button } from '../../../components/Button';
import { CodeRow, RunComparison } from '../../../api/types';
import { useAnswer } from '../../../api/useAnswer';
import { reasonText } from '../../../reasons';
import { commitText } from '../../../runs/model/origins';
import { DiffLines } from '../../executables/Compare';
import { IPanelServices } from '../../frame/services';
import { IComparedProps, rowId, titleOf } from './compared';
import { Section } from './SideTable';

/** The commits of the runs, and the code of the nodes, with the changes below each that differs. */
export function CodeSection({ services, comparison }: IComparedProps): JSX.Element {
  const { trans } = services;
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const toggle = (node: string) => {
    const next = new Set(closed);
    if (!next.delete(node)) {
      next.add(node);
    }
    setClosed(next);
  };
  const commits = comparison.runs.map(run => commitText(run, trans));
  const commit = {
    key: 'commit',
    name: trans.__('Commit'),
    cells: commits.map(text => text && <code>{text}</code>),
    differs: true
  };
  const code = comparison.code.map(row => {
    const { node, label, versions, files, differs } = row;
    const known = new Set(versions.map(version => version?.digest));
    const hasDiff = differs && known.size > 1 && !known.has(undefined);
    const isOpen = hasDiff && !closed.has(node);
    return {
      key: node,
      id: rowId(comparison, 'code', node, ''),
      name: titleOf(node, comparison.labels),
      cells: versions.map(version => version && trans.__('version %1', version.number)),
      differs,
      action: hasDiff && (
        <Button
          aria-expanded={isOpen}
          aria-label={trans.__('Changes of %1', label)}
          onClick={() => toggle(node)}
        >
          {trans.__('Changes')}
        </Button>
      ),
      below: (isOpen || !!files.length) && (
        <>
          {isOpen && <Changes services={services} comparison={comparison} row={row} />}
          {!!files.length && (
            <p className="nby-Note">
              {trans.__('Other files of its code folder differ: %1', files.join(', '))}
            </p>
          )}
        </>
      )
    };
  });
  const rows = new Set(commits).size > 1 ? [commit, ...code] : code;
  return <Section {...{ services, comparison, rows }} title={trans.__('Code')} part="code" />;
}

interface IChangesProps {
  services: IPanelServices;
  comparison: RunComparison;
  row: CodeRow;
}

/** The changed lines between the first run and the last one. */
function Changes({ services, comparison, row }: IChangesProps): JSX.Element {
  const { yard, trans } = services;
  const [first, last] = [comparison.runs[0], comparison.runs[comparison.runs.length - 1]];
  const path = { run: first.id, node: row.node };
  const question = { path, query: { other: last.id } };
  const { answer: diff, problem } = useAnswer(yard.client, 'runs.compare_code', question);
  if (!diff) {
    return <p role={problem ? 'alert' : 'status'}>{problem || trans.__('Reading…')}</p>;
  }
  return (
    <>
      <DiffLines lines={diff.lines} trans={trans} />
      {diff.hint && <p className="nby-Note">{reasonText(diff.hint, trans)}</p>}
      {diff.cut && <p className="nby-Note">{trans.__('Further differences are not shown.')}</p>}
    </>
  );
}
