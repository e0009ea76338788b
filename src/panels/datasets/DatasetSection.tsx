import { closeIcon } from '@jupyterlab/ui-components';
import { useEffect, useState } from 'react';
import { Dataset } from '../../api/types';
import { showBytes } from '../../components/bytes';
import { CommandButton } from '../../components/CommandButton';
import { RowList } from '../../components/RowList';
import { StateMark } from '../../components/StateMark';
import { useSignal } from '../../components/useSignal';
import { datasetIcon } from '../../icons';
import { REF_MIME } from '../../tokens';
import { datasetRow } from '../paletteSource';
import { Older, SearchBox, useSearch } from '../Search';
import { Standing } from '../Standing';
import { IPanelServices } from '../services';
import { addFiles } from './actions';
import { IUploadRow, uploads } from './uploads';

const nameOf = ({ name }: Dataset) => name;

/** Datasets of the sidebar: rows, uploads under way, and a place to drop files. */
export function DatasetSection({ services }: { services: IPanelServices }): JSX.Element {
  const { yard, trans, commands } = services;
  const { datasets } = yard;
  const search = useSearch(datasets, nameOf);
  const sending = useSignal(uploads.changed, () => uploads.rows);
  const [over, setOver] = useState(false);
  useEffect(() => void datasets.start(), [datasets]);
  const takes = (event: React.DragEvent) => event.dataTransfer.types.includes('Files');
  return (
    <div
      className={`nby-Section${over ? ' nby-mod-over' : ''}`}
      onDragOver={event => {
        if (takes(event)) {
          event.preventDefault();
          setOver(true);
        }
      }}
      onDragLeave={() => setOver(false)}
      onDrop={event => {
        setOver(false);
        if (takes(event)) {
          event.preventDefault();
          event.stopPropagation();
          void addFiles(services, [...event.dataTransfer.files]);
        }
      }}
    >
      {sending.map(row => (
        <Sending key={row.id} row={row} services={services} />
      ))}
      <Standing collection={datasets} trans={trans}>
        <p className="nby-Note">{trans.__('Drop a CSV, Parquet, JSON or Excel file here, or')}</p>
        <p className="nby-Note">
          <CommandButton commands={commands} id="nbyard:upload-dataset" />
        </p>
      </Standing>
      <SearchBox search={search} label={trans.__('Search datasets')} trans={trans} />
      <RowList
        label={trans.__('Datasets')}
        noun="dataset"
        items={search.items}
        idOf={({ id }) => id}
        nameOf={nameOf}
        render={dataset => <Row dataset={dataset} services={services} />}
        actions={({ id }) => (
          <>
            <CommandButton
              commands={commands}
              id="nbyard:notebook-from-dataset"
              args={{ id }}
              tabIndex={-1}
              bare
            />
            <CommandButton
              commands={commands}
              id="nbyard:workflow-from-dataset"
              args={{ id }}
              tabIndex={-1}
              bare
            />
            <CommandButton
              commands={commands}
              id="nbyard:download-dataset"
              args={{ id }}
              tabIndex={-1}
              bare
            />
          </>
        )}
        onOpen={({ id }) => services.openDataset(id)}
        onDelete={({ id }) => void commands.execute('nbyard:delete-dataset', { id })}
        onDragStart={(dataset, event) => {
          event.dataTransfer.setData(REF_MIME, JSON.stringify(datasetRow(dataset)));
          event.dataTransfer.effectAllowed = 'copy';
        }}
      />
      {!search.text && <Older collection={datasets} trans={trans} />}
    </div>
  );
}

function Row({ dataset, services }: { dataset: Dataset; services: IPanelServices }): JSX.Element {
  const { trans } = services;
  const { name, current } = dataset;
  const { state, rows, columns, size_bytes, bytes_done, number } = current;
  const size = typeof size_bytes === 'number' ? showBytes(size_bytes) : '';
  const shape = typeof rows === 'number' ? `${rows.toLocaleString()} × ${columns}` : '';
  const facts = [name, current.reason, shape, size, current.digest, dataset.id];
  const title = facts.filter(Boolean).join('\n');
  return (
    <div className="nby-Thing" title={title}>
      <datasetIcon.react tag="span" className="nby-Icon" />
      <span className="nby-Row-name">{name}</span>
      <StateMark state={state} trans={trans} bare={state === 'ready'} />
      <span className="nby-Thing-detail">
        {state === 'importing' && (
          <>
            <progress
              className="nby-Progress"
              aria-label={trans.__('Import of “%1”', name)}
              max={size_bytes ?? undefined}
              value={size_bytes ? bytes_done : undefined}
            />{' '}
            {showBytes(bytes_done ?? 0)}
          </>
        )}
        {state === 'failed' && current.reason}
        {state === 'ready' &&
          [number > 1 && `v${number}`, shape, current.format, size].filter(Boolean).join(' · ')}
      </span>
    </div>
  );
}

function Sending({ row, services }: { row: IUploadRow; services: IPanelServices }): JSX.Element {
  const { trans } = services;
  return (
    <div className="nby-Sending" role={row.problem ? 'alert' : undefined}>
      <span className="nby-Row-name">{row.name}</span>
      <button
        type="button"
        className="nby-Button nby-mod-bare"
        title={row.problem ? trans.__('Dismiss') : trans.__('Cancel the upload')}
        aria-label={row.problem ? trans.__('Dismiss') : trans.__('Cancel the upload')}
        onClick={row.cancel}
      >
        <closeIcon.react tag="span" className="nby-Icon" />
      </button>
      {row.problem ? (
        <span className="nby-Field-error">
          {row.problem}{' '}
          {row.replace && (
            <button type="button" className="nby-Button" onClick={row.replace}>
              {trans.__('Make it a new version')}
            </button>
          )}
        </span>
      ) : (
        <span className="nby-Dim">
          <progress
            className="nby-Progress"
            aria-label={trans.__('Upload of “%1”', row.name)}
            max={row.total || 1}
            value={row.done}
          />{' '}
          {trans.__('%1 of %2', showBytes(row.done), showBytes(row.total))}
        </span>
      )}
    </div>
  );
}
