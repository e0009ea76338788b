import { useState } from 'react';
import { TranslationBundle } from '@jupyterlab/translation';
import { addressOf } from '../../../api/addresses';
import { InputRow, OutputRow, RunComparison } from '../../../api/types';
import { Button } from '../../../components/Button';
import { showBytes } from '../../../components/format/bytes';
import { useAnswer } from '../../../api/useAnswer';
import { reasonText } from '../../../reasons';
import { Columns, rowsText } from '../../datasets/Compare';
import { DiffLines } from '../../executables/Compare';
import { IPanelServices } from '../../frame/services';
import { IComparedProps, rowId } from './compared';
import { Section } from './SideTable';
import { useWhy } from './Why';

/** The data from outside the runs, of which a change can be shown. */
export function InputSection({ services, comparison }: IComparedProps): JSX.Element {
  const { trans } = services;
  const [open, setOpen] = useState('');
  const rows = comparison.inputs.map(row => {
    const { node, name, files, differs } = row;
    const key = `${node} ${name}`;
    const isOpen = open === key;
    return {
      key,
      id: rowId(comparison, 'input', node, name),
      node,
      name,
      cells: files.map(file => file && <span title={file.digest}>{file.origin}</span>),
      differs,
      action: differs && (
        <Differences
          name={name}
          isOpen={isOpen}
          onOpen={() => setOpen(isOpen ? '' : key)}
          trans={trans}
        />
      ),
      below: isOpen && <Contents services={services} comparison={comparison} row={row} of="input" />
    };
  });
  return <Section {...{ services, comparison, rows }} title={trans.__('Inputs')} part="inputs" />;
}

interface IDifferencesProps {
  name: string;
  isOpen: boolean;
  onOpen: () => void;
  trans: TranslationBundle;
}

function Differences({ name, isOpen, onOpen, trans }: IDifferencesProps): JSX.Element {
  return (
    <Button
      aria-expanded={isOpen}
      aria-label={trans.__('Differences of %1', name)}
      onClick={onOpen}
    >
      {trans.__('Differences')}
    </Button>
  );
}

/** The outputs of the nodes: pictures side by side, others by their content. */
export function OutputSection({ services, comparison }: IComparedProps): JSX.Element {
  const { trans } = services;
  const why = useWhy(services, comparison);
  const [open, setOpen] = useState('');
  const rows = comparison.outputs.map(row => {
    const { node, name, kind, files, differs } = row;
    const key = `${node} ${name}`;
    const isOpen = open === key;
    const digests = files.map(file => file && (file.picture || file.digest));
    const explained = why({ kind: 'output', node, name, values: digests, differs });
    const isReadable = differs && ['table', 'text', 'folder'].includes(kind);
    return {
      key,
      node,
      name: files.some(file => file?.picture) ? trans.__('picture in %1', name) : name,
      cells: files.map((_, at) => (
        <File key={at} services={services} row={row} at={at} comparison={comparison} />
      )),
      differs,
      action: (
        <>
          {isReadable && (
            <Differences
              name={name}
              isOpen={isOpen}
              onOpen={() => setOpen(isOpen ? '' : key)}
              trans={trans}
            />
          )}
          {explained.action}
        </>
      ),
      below: (isOpen || explained.below) && (
        <>
          {isOpen && <Contents services={services} comparison={comparison} row={row} of="output" />}
          {explained.below}
        </>
      )
    };
  });
  return <Section {...{ services, comparison, rows }} title={trans.__('Outputs')} part="outputs" />;
}

interface IFileProps {
  services: IPanelServices;
  comparison: RunComparison;
  row: OutputRow;
  /** The place of the run. */
  at: number;
}

function File({ services, comparison, row, at }: IFileProps): JSX.Element {
  const { yard, trans } = services;
  const file = row.files[at];
  if (!file) {
    return <span className="nby-Dim">–</span>;
  }
  if (row.kind === 'picture') {
    const path = { run: comparison.runs[at].id, digest: file.digest };
    return (
      <img
        className="nby-Comparison-picture"
        src={addressOf(yard.client, 'runs.picture', { path })}
        alt={trans.__('%1 of run %2', row.name, comparison.runs[at].number)}
      />
    );
  }
  return (
    <span title={file.digest}>
      {file.filename} <span className="nby-Dim">{showBytes(file.size_bytes)}</span>
    </span>
  );
}

interface IContentsProps {
  services: IPanelServices;
  comparison: RunComparison;
  row: InputRow | OutputRow;
  of: 'input' | 'output';
}

/** What differs inside an input or output, between the first and the last run that have it. */
function Contents({ services, comparison, row, of }: IContentsProps): JSX.Element {
  const { yard, trans } = services;
  const having = comparison.runs.filter((_, at) => row.files[at]);
  const [first, last] = [having[0], having[having.length - 1]];
  const { node, name } = row;
  const path = { run: first.id, node, name, output: name };
  // both have the same answer
  const id = `runs.compare_${of}` as 'runs.compare_output';
  const question = { path, query: { other: last.id } };
  const { answer, problem } = useAnswer(yard.client, id, question);
  if (!answer) {
    return <p role={problem ? 'alert' : 'status'}>{problem || trans.__('Reading…')}</p>;
  }
  const { columns = [], lines = [], files = [], rows: [old, now] = [] } = answer;
  const rows = rowsText(old, now, trans);
  return (
    <>
      {rows && <p className="nby-Note">{rows}</p>}
      {!!columns.length && <Columns columns={columns} trans={trans} />}
      {!!lines.length && <DiffLines lines={lines} trans={trans} />}
      {!!files.length && (
        <ul>
          {files.map(({ path, change }) => (
            <li key={path}>
              {path} <span className="nby-Dim">{change}</span>
            </li>
          ))}
        </ul>
      )}
      {answer.note && <p className="nby-Note">{reasonText(answer.note, trans)}</p>}
      {answer.cut && <p className="nby-Note">{trans.__('Further differences are not shown.')}</p>}
    </>
  );
}
